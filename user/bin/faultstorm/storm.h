// SPDX-License-Identifier: MIT
// The parts of the fault campaign, and what they share.
//
// One process coordinates. For each target (a service under load) a worker process makes verified
// requests, arms a fault, makes the request that meets it, and looks how the service came back.
// Workers and coordinator share one page of memory; a worker is told what to do through a pipe.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "domainlib/include/fault.h"

#define CLASSES     (FAULT_COUNT - 1)
#define TARGETS_MAX 16
#define NAME_SIZE   24

/* What became of the faults of one class. */
struct counts {
    uint64_t injected;  /* armed */
    uint64_t activated; /* a call met it */
    uint64_t detected;  /* the core reported a fault of the service */
    uint64_t recovered; /* the service runs and answers right again */
    uint64_t wrong;     /* wrong data, or neither a right answer nor a clear error */
    uint64_t hung;      /* a request that did not end in time */
    int64_t leaked_pages, leaked_rrefs;
    uint64_t refused, damage; /* mutants: by the verifier; found outside of what they had */
};

void counts_add(struct counts *sum, const struct counts *part);

struct settings {
    uint64_t faults, seed;
    bool classes[CLASSES];
    bool targets[TARGETS_MAX];
    bool named_targets; /* by --targets; else those that can be had */
    bool mutate, json;
};

/* A deterministic stream of numbers (S. Vigna's splitmix64). */
uint64_t random_next(uint64_t *state);

uint64_t nanoseconds_now(void);

/* Makes all pages of this program its own, so that none is fetched later. */
void memory_touch(void);

extern const char *const class_names[CLASSES];
extern const char *const target_names[TARGETS_MAX]; /* NULL behind the last */

void settings_parse(struct settings *settings, int argc, char **argv);

extern const char *const mutation_names[CLASSES];

/* Mutants: the same by kinds of mutation, `faults` of them that pass the verifier. */
bool mutants_run(const struct settings *settings, struct counts counts[CLASSES],
                 struct counts *total);

struct histogram;

/* Stop faults. Fills in the counts of each class, and how long requests took that met a fault and
   were answered right all the same. False: could not begin (reported). */
bool campaign_run(const struct settings *settings, struct counts counts[CLASSES],
                  struct counts *total, struct histogram *answers);
