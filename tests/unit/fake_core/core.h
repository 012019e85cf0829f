// SPDX-License-Identifier: MIT
// Stands in for domainlib's core.h where a file system's sources are tested on the host: RRefs are
// plain pointers, and there is no core behind them.
#pragma once
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/abi/core_entry.h"
#include "kernel/abi/rpc.h"

#define FAKE_PAGES 131072

// What is free of them; a test may make it scarce.
__attribute__((weak)) uint64_t fake_pages_free = FAKE_PAGES;

static inline int64_t core_system_info(struct system_info *info)
{
    *info = (struct system_info){.pages = FAKE_PAGES, .free_pages = fake_pages_free};
    return 0;
}

static inline uint64_t core_time(void)
{
    return 1;
}

static inline int64_t core_initrd_map(handle_t initrd)
{
    (void)initrd;
    return -ENOENT;
}

static inline int64_t core_rref_write(rref_t rref, uint64_t offset, const void *source, uint64_t n)
{
    memcpy((char *)(uintptr_t)rref + offset, source, n);
    return 0;
}

static inline int64_t core_rref_read(rref_t rref, uint64_t offset, void *target, uint64_t n)
{
    memcpy(target, (const char *)(uintptr_t)rref + offset, n);
    return 0;
}

// Each has its length in front.
static inline int64_t core_rref_alloc(uint64_t bytes, uint64_t type)
{
    uint64_t *place = calloc(1, bytes + 16);
    (void)type;
    if (!place)
        return -ENOMEM;
    place[0] = bytes;
    return (int64_t)(uintptr_t)(place + 2);
}

static inline int64_t core_rref_free(rref_t rref)
{
    free((uint64_t *)(uintptr_t)rref - 2);
    return 0;
}

static inline int64_t core_rref_length(rref_t rref)
{
    return (int64_t)((uint64_t *)(uintptr_t)rref)[-2];
}

static inline int64_t core_rref_copy(rref_t target, uint64_t target_offset, rref_t source,
                                     uint64_t source_offset, uint64_t n)
{
    memcpy((char *)(uintptr_t)target + target_offset,
           (const char *)(uintptr_t)source + source_offset, n);
    return 0;
}

static inline int64_t core_rref_keep(rref_t rref, uint64_t key, uint64_t schema)
{
    (void)rref, (void)key, (void)schema;
    return 0;
}

static inline int64_t core_rref_kept(uint64_t key, uint64_t schema)
{
    (void)key, (void)schema;
    return -ENOENT;
}

static inline int64_t core_rref_fill(rref_t rref, uint64_t offset, uint8_t byte, uint64_t n)
{
    memset((char *)(uintptr_t)rref + offset, byte, n);
    return 0;
}
