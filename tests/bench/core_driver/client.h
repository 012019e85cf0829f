// SPDX-License-Identifier: MIT
// In front of posix's sources with NULLBLK=core: block requests go to the driver in the core, and
// those of other devices, which it refuses, through the gate as always.
#pragma once
#include "block_client.h"
#include "core_call.h"
#include "core_driver.h"

static inline RpcResult core_driver_watched(uint64_t *still_lent, handle_t handle,
                                            uint32_t operation, uint64_t offset, rref_t buffer,
                                            uint32_t start, uint32_t length)
{
    register uint64_t t0 __asm__("t0") = handle;
    register uint64_t a0 __asm__("a0") = operation;
    register uint64_t a1 __asm__("a1") = offset;
    register uint64_t a2 __asm__("a2") = buffer;
    register uint64_t a3 __asm__("a3") = start;
    register uint64_t a4 __asm__("a4") = length;
    __asm__ volatile(CORE_JUMP
                     : "+r"(t0), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4)
                     : [word] "i"(8 * CORE_DRIVER_WORD)
                     : "ra", "t1", "t2", "t3", "t4", "t5", "t6", "a5", "a6", "a7", "memory");
    if ((int64_t)a0 == RPC_NO_HANDLE)
        return block_submit_watched(still_lent, handle, operation, offset, buffer, start, length);
    *still_lent = 0;
    return (RpcResult){(int64_t)a0, a1};
}

static inline RpcResult core_driver_request(handle_t handle, uint32_t operation, uint64_t offset,
                                            rref_t buffer, uint32_t start, uint32_t length)
{
    uint64_t still_lent;
    return core_driver_watched(&still_lent, handle, operation, offset, buffer, start, length);
}

#define block_submit         core_driver_request
#define block_submit_watched core_driver_watched
