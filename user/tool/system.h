// SPDX-License-Identifier: MIT
// What a campaign asks of the system: commands, the state of services, what is in use.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct service {
    char image[24], state[16];
    uint64_t faults, restarts;
};

/* What the system has handed out, as it counts it. */
struct resources {
    int64_t pages_free;   /* or kept */
    int64_t pages_kept;   /* for reuse: stacks, tables, pages that still have to leave slots */
    int64_t object_bytes; /* of the core's small objects, which share pages */
    int64_t rrefs_free, threads, events, handles, slots_free;
};

/* Gives one command, e.g. "restart %s". 0, or a negative errno. */
int command_run(const char *format, ...) __attribute__((format(__printf__, 1, 2)));

/* The line that the system answered to the last one; empty where there is none. */
void command_answer(char *answer, size_t size);

/* False: there is no such service, or the system did not answer. */
bool service_look(const char *name, struct service *service);
bool service_is_up(const struct service *service);

/* Does the system restart it by itself, and hide its faults where it can? */
bool service_has_shadow(const char *name);

bool resources_read(struct resources *resources);

/* Pages and parts of pages that NOW are missing. What is kept may grow, but not with the faults. */
int64_t pages_missing(const struct resources *now, const struct resources *before);

/* Reads what is in use until two readings agree, and nothing is missing against BEFORE (or NULL):
   what is on its way back to the system gets the time to arrive. */
bool resources_await(struct resources *resources, const struct resources *before);
