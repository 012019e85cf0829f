// SPDX-License-Identifier: MIT
// The caller's side of the gate: one call through a handle. Generated stubs (NAME_client.h) are
// built from this.
//
// The callee may use every register, and the way back restores only ra and sp (the core sets gp, s9
// and s10 at each entry into a domain). So the call declares all others clobbered, the callee-saved
// ones too: the compiler keeps what is live on the caller's own stack, and nothing else is saved.
// That needs a compiler without a frame pointer in s0, which is how domains are built. Where a
// function needs one (variable-length arrays, alloca), define GATE_CALL_SAVING before the first
// include: gate_call_saving() then keeps s0 to s11 itself, as it does without optimisation.
//
// Arguments are register values as the RISC-V C ABI has them. Context: any thread of a domain.
#pragma once

#include "kernel/abi/core_entry.h"
#include "kernel/abi/rpc.h"

#include <stdint.h>

// Calls METHOD of HANDLE with these eight argument registers, keeping the callee-saved registers.
RpcResult gate_call_saving(handle_t handle, uint64_t method, const uint64_t arguments[8]);

#if defined(__OPTIMIZE__) && !defined(GATE_CALL_SAVING)

// For a register that carries no argument: whatever it holds.
static inline uint64_t gate_any(void)
{
    uint64_t value;
    __asm__ volatile("" : "=r"(value));
    return value;
}

static inline RpcResult gate_watch_8(uint64_t *still_lent, handle_t handle, uint64_t method,
                                     uint64_t value0, uint64_t value1, uint64_t value2,
                                     uint64_t value3, uint64_t value4, uint64_t value5,
                                     uint64_t value6, uint64_t value7)
{
    register uint64_t t0 __asm__("t0") = handle;
    register uint64_t t1 __asm__("t1") = method;
    register uint64_t a0 __asm__("a0") = value0;
    register uint64_t a1 __asm__("a1") = value1;
    register uint64_t a2 __asm__("a2") = value2;
    register uint64_t a3 __asm__("a3") = value3;
    register uint64_t a4 __asm__("a4") = value4;
    register uint64_t a5 __asm__("a5") = value5;
    register uint64_t a6 __asm__("a6") = value6;
    register uint64_t a7 __asm__("a7") = value7;
    // Before: t0 = handle, t1 = method, a0..a7 = arguments. After: a0 = status, a1 = value.
    __asm__ volatile("ld s9, %[entry](gp)\n\t"
                     "jalr ra, 0(s9)"
                     : "+r"(t0), "+r"(t1), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4),
                       "+r"(a5), "+r"(a6), "+r"(a7)
                     : [entry] "i"(8 * CORE_ENTRY_CALL)
                     : "ra", "t2", "t3", "t4", "t5", "t6", "s0", "s1", "s2", "s3", "s4", "s5", "s6",
                       "s7", "s8", "s11", "memory");
    *still_lent = a2;
    return (RpcResult){(int64_t)a0, a1};
}

#else

static inline uint64_t gate_any(void)
{
    return 0;
}

static inline RpcResult gate_watch_8(uint64_t *still_lent, handle_t handle, uint64_t method,
                                     uint64_t value0, uint64_t value1, uint64_t value2,
                                     uint64_t value3, uint64_t value4, uint64_t value5,
                                     uint64_t value6, uint64_t value7)
{
    const uint64_t arguments[8] = {value0, value1, value2, value3, value4, value5, value6, value7};
    *still_lent = 1; // the C ABI has no third result
    return gate_call_saving(handle, method, arguments);
}

#endif

static inline RpcResult gate_call_8(handle_t handle, uint64_t method, uint64_t value0,
                                    uint64_t value1, uint64_t value2, uint64_t value3,
                                    uint64_t value4, uint64_t value5, uint64_t value6,
                                    uint64_t value7)
{
    uint64_t still_lent;
    return gate_watch_8(&still_lent, handle, method, value0, value1, value2, value3, value4, value5,
                        value6, value7);
}

// With fewer arguments: gate_call_N(handle, method, N values).
#define gate_call_7(...) gate_call_8(__VA_ARGS__, gate_any())
#define gate_call_6(...) gate_call_7(__VA_ARGS__, gate_any())
#define gate_call_5(...) gate_call_6(__VA_ARGS__, gate_any())
#define gate_call_4(...) gate_call_5(__VA_ARGS__, gate_any())
#define gate_call_3(...) gate_call_4(__VA_ARGS__, gate_any())
#define gate_call_2(...) gate_call_3(__VA_ARGS__, gate_any())
#define gate_call_1(...) gate_call_2(__VA_ARGS__, gate_any())
#define gate_call_0(...) gate_call_1(__VA_ARGS__, gate_any())

// The same of a method that borrows RRefs, and *STILL_LENT tells what became of them: 0 where the
// call went well and nobody has them any more. Otherwise somebody may: a driver that has queued the
// request, or one whose device goes on after it died.
#define gate_watch_7(...) gate_watch_8(__VA_ARGS__, gate_any())
#define gate_watch_6(...) gate_watch_7(__VA_ARGS__, gate_any())
#define gate_watch_5(...) gate_watch_6(__VA_ARGS__, gate_any())
#define gate_watch_4(...) gate_watch_5(__VA_ARGS__, gate_any())
#define gate_watch_3(...) gate_watch_4(__VA_ARGS__, gate_any())
#define gate_watch_2(...) gate_watch_3(__VA_ARGS__, gate_any())
#define gate_watch_1(...) gate_watch_2(__VA_ARGS__, gate_any())
