// SPDX-License-Identifier: MIT
// In place of domainlib's headers, for a driver that is compiled into the core: a core entry is a
// call of the function behind it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "errno.h"
#include "kernel/abi/core_entry.h"
#include "manifest.h"
#include "microcore/task.h"

#define log_printf(...) ((void)0)

// ---- Life cycle: only init is ever called ----
int64_t domain_init(void);
RpcResult domain_export(uint64_t schema);
int64_t domain_import(rref_t state, uint64_t schema);
int64_t domain_rehearse(uint64_t serving);
int64_t domain_exit(void);

// ---- The core's own (kernel/entries.c), and core_driver.c's where a domain is asked for ----
int64_t core_rref_copy(rref_t target, uint64_t target_offset, rref_t source, uint64_t source_offset,
                       uint64_t bytes);
int64_t core_rref_fill(rref_t rref, uint64_t offset, uint64_t byte, uint64_t bytes);
int64_t core_rref_free(rref_t rref);
int64_t core_driver_alloc(uint64_t bytes, uint64_t type);
int64_t core_driver_info(struct system_info *info);
#define core_rref_alloc          core_driver_alloc
#define core_system_info         core_driver_info
#define core_rref_keep(...)      ((int64_t)0)
#define core_rref_kept(key, ...) ((void)(key), (int64_t)-ENOENT)

struct mutex {
    _Atomic uint32_t word;
};

static inline void mutex_lock(struct mutex *mutex)
{
    while (__atomic_exchange_n(&mutex->word, 1, __ATOMIC_ACQUIRE))
        task_yield();
}

static inline void mutex_unlock(struct mutex *mutex)
{
    __atomic_store_n(&mutex->word, 0, __ATOMIC_RELEASE);
}
