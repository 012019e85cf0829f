// SPDX-License-Identifier: MIT
// What block.idl says with numbers: operations of block.submit, and the check of a request that
// every driver makes first.
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#define BLOCK_SECTOR 512 // bytes; offsets and lengths are multiples

enum block_operation {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,
    BLOCK_DISCARD,
};

#define BLOCK_OPERATION_MASK 0xFF
#define BLOCK_MORE           0x100 // the caller submits more before it waits

// Values of submit
#define BLOCK_QUEUED 0
#define BLOCK_DONE   1

// A request that was queued and completes with RPC_CRASHED has outlived its driver, and may be made
// again, so often in all. (One whose submit crashes is made again by the core, behind the shadow.)
#define BLOCK_TRIES 3

// 0, or -EINVAL for an unknown operation, unaligned numbers, or a range that is not all on a device
// of SIZE bytes. A flush has no range.
static inline int64_t block_check(uint32_t operation, uint64_t offset, uint32_t length,
                                  uint64_t size)
{
    uint32_t kind = operation & BLOCK_OPERATION_MASK;
    if (kind > BLOCK_DISCARD || (operation & ~(BLOCK_OPERATION_MASK | BLOCK_MORE)))
        return -EINVAL;
    if (kind == BLOCK_FLUSH)
        return 0;
    if ((offset | length) % BLOCK_SECTOR || !length || offset > size || length > size - offset)
        return -EINVAL;
    return 0;
}
