// SPDX-License-Identifier: MIT
// A call through the gate that keeps the callee-saved registers, for code that cannot declare them
// clobbered. See gate_call.h.
#include "kernel/abi/core_entry.h"

#define FRAME 96 // 11 registers, rounded up to 16 bytes

// RpcResult gate_call_saving(handle_t handle, uint64_t method, const uint64_t arguments[8])
    .text
    .globl gate_call_saving
    .type gate_call_saving, @function
gate_call_saving:
    // Before: a0 = handle, a1 = method, a2 = address of the arguments. s9 and s10 belong to the
    // confinement and hold nothing to keep.
    addi sp, sp, -FRAME
    sd ra, 0(sp)
    sd s0, 8(sp)
    sd s1, 16(sp)
    sd s2, 24(sp)
    sd s3, 32(sp)
    sd s4, 40(sp)
    sd s5, 48(sp)
    sd s6, 56(sp)
    sd s7, 64(sp)
    sd s8, 72(sp)
    sd s11, 80(sp)
    zext.w t0, a0 // the C ABI extends it by its bit 31, a handle is a number
    mv t1, a1
    mv t2, a2
    ld a0, 0(t2)
    ld a1, 8(t2)
    ld a2, 16(t2)
    ld a3, 24(t2)
    ld a4, 32(t2)
    ld a5, 40(t2)
    ld a6, 48(t2)
    ld a7, 56(t2)
    // Here: t0 = handle, t1 = method, a0..a7 = arguments, all that is live is in the frame.
    ld s9, 8 * CORE_ENTRY_CALL(gp)
    jalr ra, 0(s9)
    // After: a0 = status, a1 = value, sp as before the call, everything else is the callee's.
    ld s0, 8(sp)
    ld s1, 16(sp)
    ld s2, 24(sp)
    ld s3, 32(sp)
    ld s4, 40(sp)
    ld s5, 48(sp)
    ld s6, 56(sp)
    ld s7, 64(sp)
    ld s8, 72(sp)
    ld s11, 80(sp)
    ld ra, 0(sp)
    addi sp, sp, FRAME
    ret
    .size gate_call_saving, . - gate_call_saving
