// SPDX-License-Identifier: MIT
// A buffer to lend for structures, for who holds vfs_lock.
#pragma once
#include "domain.h"

#define SCRATCH_BYTES 4096u

extern rref_t scratch;

static inline void *scratch_bytes(void)
{
    return (void *)(uintptr_t)(uint32_t)scratch;
}
