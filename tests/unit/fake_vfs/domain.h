// SPDX-License-Identifier: MIT
// Stands in for domainlib's domain.h where the page cache is tested on the host. The test is the
// core: what is not here it defines.
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "kernel/abi/core_entry.h"
#include "kernel/abi/rpc.h"

#define DOMAIN_VERSION 1
#define DOMAIN_SCHEMA  1
#define HANDLE_LOWER   1
#define HANDLE_RTC     2

struct mutex {
    int locked;
};

struct worker {
    int unused;
};

void mutex_lock(struct mutex *mutex);
bool mutex_lock_until(struct mutex *mutex, uint64_t deadline);
void mutex_unlock(struct mutex *mutex);
void log_printf(const char *format, ...);

int64_t core_rref_alloc(uint64_t bytes, uint64_t type);
int64_t core_rref_free(rref_t rref);
int64_t core_rref_length(rref_t rref);
int64_t core_rref_keep(rref_t rref, uint64_t key, uint64_t schema);
int64_t core_rref_kept(uint64_t key, uint64_t schema);
int64_t core_rref_completion(rref_t rref, handle_t event, uint64_t tag);
int64_t core_rref_copy(rref_t target, uint64_t target_offset, rref_t source, uint64_t source_offset,
                       uint64_t n);
int64_t core_rref_fill(rref_t rref, uint64_t offset, uint8_t byte, uint64_t n);
int64_t core_rref_read(rref_t rref, uint64_t offset, void *target, uint64_t n);
int64_t core_rref_write(rref_t rref, uint64_t offset, const void *source, uint64_t n);
int64_t core_event_create(void);
int64_t core_event_count(handle_t event);
int64_t core_completion_reap(handle_t event, struct completion *out, uint64_t max);
int64_t core_wait(const struct wait_item *items, uint64_t count, uint64_t deadline);
int64_t core_system_info(struct system_info *out);
uint64_t core_time(void);

static inline void core_yield(void) {}
