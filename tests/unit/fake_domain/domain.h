// SPDX-License-Identifier: MIT
// Stands in for domainlib's domain.h where a domain's sources are tested on the host: the same
// names, with RRefs as plain pointers and no core behind them. A test defines what it uses.
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "kernel/abi/rpc.h"

struct mutex {
    int unused;
};
struct worker {
    int unused;
};

static inline int64_t core_rref_write(rref_t rref, uint64_t offset, const void *source, uint64_t n)
{
    memcpy((char *)(uintptr_t)rref + offset, source, n);
    return 0;
}

static inline int64_t core_rref_read(rref_t rref, uint64_t offset, void *target, uint64_t n)
{
    memcpy(target, (char *)(uintptr_t)rref + offset, n);
    return 0;
}

// What is allocated is static, and one at a time is kept.
extern rref_t fake_kept; // the test's, 0: nothing

static inline int64_t core_rref_alloc(uint64_t bytes, uint64_t type)
{
    static _Alignas(16) char buffer[16384];
    (void)type;
    memset(buffer, 0, bytes);
    return (int64_t)(uintptr_t)buffer;
}

static inline int64_t core_rref_keep(rref_t rref, uint64_t key, uint64_t schema)
{
    (void)key;
    (void)schema;
    fake_kept = rref;
    return 0;
}

static inline int64_t core_rref_kept(uint64_t key, uint64_t schema)
{
    (void)key;
    (void)schema;
    return fake_kept ? (int64_t)fake_kept : -ENOENT;
}

void log_printf(const char *format, ...); // the test's
