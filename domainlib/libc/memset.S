// SPDX-License-Identifier: MIT
// memset: short ones here, long ones by a core entry (see memcpy.S).
#include "kernel/abi/core_entry.h"

#define LONG 128 // bytes from which on the core fills

    .section .text.memset, "ax", @progbits
    .globl memset
    .type memset, @function
    // Before: a0 = destination, a1 = byte, a2 = bytes. After: a0 as before.
memset:
    li t0, LONG
    bgeu a2, t0, .Lby_core
    mv a3, a0
    add a4, a0, a2
    andi t0, a0, 7
    bnez t0, .Lbytes
    andi t0, a2, -8
    add t0, t0, a0
    beq a3, t0, .Lbytes
    // t1 = the byte eight times
    zext.b t1, a1
    slli t2, t1, 8
    or t1, t1, t2
    slli t2, t1, 16
    or t1, t1, t2
    slli t2, t1, 32
    or t1, t1, t2
.Lwords:
    sd t1, 0(a3)
    addi a3, a3, 8
    bne a3, t0, .Lwords
.Lbytes:
    beq a3, a4, .Ldone
.Lbyte:
    sb a1, 0(a3)
    addi a3, a3, 1
    bne a3, a4, .Lbyte
.Ldone:
    ret
.Lby_core:
    ld s9, 8 * CORE_ENTRY_FILL(gp)
    jr s9
    .size memset, . - memset
