// SPDX-License-Identifier: MIT
// memcpy, memmove: short ones here, word by word; long ones, and those that overlap with the source
// in front, as said below. A core entry copies faster than confined code, which needs a guard for
// each pointer; crossing into it costs about as much as 64 bytes copied here.
#include "kernel/abi/core_entry.h"

#define LONG 128 // bytes from which on the core copies

    .section .text.memcpy, "ax", @progbits
    .globl memcpy
    .type memcpy, @function
    // Before: a0 = destination, a1 = source, a2 = bytes. After: a0 as before.
memcpy:
    li t0, LONG
    bgeu a2, t0, .Lcopy_by_core
.Lcopy_forward:
    // a3 = where to write next, a4 = end; words if both pointers allow it
    mv a3, a0
    add a4, a0, a2
    or t0, a0, a1
    andi t0, t0, 7
    bnez t0, .Lcopy_bytes
    andi t0, a2, -8
    add t0, t0, a0
    beq a3, t0, .Lcopy_bytes
.Lcopy_words:
    ld t1, 0(a1)
    sd t1, 0(a3)
    addi a1, a1, 8
    addi a3, a3, 8
    bne a3, t0, .Lcopy_words
.Lcopy_bytes:
    // Eight at a time, all read before the first is written: a guard for each pointer, not each byte
    addi t0, a4, -8
    bltu t0, a3, .Lcopy_last
.Lcopy_eight:
    lbu t1, 0(a1)
    lbu t2, 1(a1)
    lbu t3, 2(a1)
    lbu t4, 3(a1)
    lbu t5, 4(a1)
    lbu t6, 5(a1)
    lbu a5, 6(a1)
    lbu a6, 7(a1)
    sb t1, 0(a3)
    sb t2, 1(a3)
    sb t3, 2(a3)
    sb t4, 3(a3)
    sb t5, 4(a3)
    sb t6, 5(a3)
    sb a5, 6(a3)
    sb a6, 7(a3)
    addi a1, a1, 8
    addi a3, a3, 8
    bgeu t0, a3, .Lcopy_eight
.Lcopy_last:
    beq a3, a4, .Lcopy_done
.Lcopy_byte:
    lbu t1, 0(a1)
    sb t1, 0(a3)
    addi a1, a1, 1
    addi a3, a3, 1
    bne a3, a4, .Lcopy_byte
.Lcopy_done:
    ret
.Lcopy_by_core:
    // The entry takes the same arguments and returns to ra for us.
    ld s9, 8 * CORE_ENTRY_COPY(gp)
    jr s9
    .size memcpy, . - memcpy

    .globl memmove
    .type memmove, @function
    // The core copies upwards, which is right unless the destination lies inside the source.
memmove:
    sub t0, a0, a1
    bgeu t0, a2, memcpy
    beqz t0, .Lmove_done
    // From the end: a3, a1 = ends, a0 = where to stop
    add a3, a0, a2
    add a1, a1, a2
    or t0, a3, a1
    andi t0, t0, 7
    bnez t0, .Lmove_bytes
    andi t0, a2, 7
    add t0, t0, a0
    beq a3, t0, .Lmove_bytes
.Lmove_words:
    addi a1, a1, -8
    addi a3, a3, -8
    ld t1, 0(a1)
    sd t1, 0(a3)
    bne a3, t0, .Lmove_words
.Lmove_bytes:
    addi t0, a0, 8
    bltu a3, t0, .Lmove_last
.Lmove_eight:
    addi a1, a1, -8
    addi a3, a3, -8
    lbu t1, 0(a1)
    lbu t2, 1(a1)
    lbu t3, 2(a1)
    lbu t4, 3(a1)
    lbu t5, 4(a1)
    lbu t6, 5(a1)
    lbu a5, 6(a1)
    lbu a6, 7(a1)
    sb t1, 0(a3)
    sb t2, 1(a3)
    sb t3, 2(a3)
    sb t4, 3(a3)
    sb t5, 4(a3)
    sb t6, 5(a3)
    sb a5, 6(a3)
    sb a6, 7(a3)
    bgeu a3, t0, .Lmove_eight
.Lmove_last:
    beq a3, a0, .Lmove_done
.Lmove_byte:
    addi a1, a1, -1
    addi a3, a3, -1
    lbu t1, 0(a1)
    sb t1, 0(a3)
    bne a3, a0, .Lmove_byte
.Lmove_done:
    ret
    .size memmove, . - memmove
