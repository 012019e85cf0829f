// SPDX-License-Identifier: MIT
// The result of every call between domains, and the two values that a call can carry beside
// integers: handles and RRefs.
#pragma once
#include <stdint.h>

// status: RPC_OK, the method's own negative errno (-1 .. -4095), or a transport error below.
typedef struct {
    int64_t status;
    uint64_t value;
} RpcResult;

// Index into the holder's handle table in core memory. Means nothing to anybody else.
typedef uint32_t handle_t;

// An RRef: bit 63 zero, generation in bits 62..48, registry index in 47..32, and below them the
// offset of its bytes in any slot (0 for a window, which has no address). Usable as a pointer in
// confined code, which replaces the upper half. Negative values are errors, 0 is no RRef.
typedef uint64_t rref_t;

enum rpc_status {
    RPC_OK = 0,
    RPC_CRASHED = -5001,   // the callee faulted while it served this call
    RPC_TIMEOUT = -5002,   // it spent its time budget or waited past its limit
    RPC_DEAD = -5003,      // it had crashed or was stopped before this call
    RPC_BUSY = -5004,      // it is being replaced and the caller may not wait
    RPC_NO_HANDLE = -5005, // the caller holds no such handle
    RPC_DENIED = -5006,    // no such method for this holder, or an RRef that it may not pass
    RPC_TOO_DEEP = -5007,  // the thread has no continuation frame left
    RPC_NO_MEMORY = -5008,
};

static inline RpcResult rpc_ok(uint64_t value)
{
    return (RpcResult){RPC_OK, value};
}

static inline RpcResult rpc_error(int64_t status)
{
    return (RpcResult){status, 0};
}
