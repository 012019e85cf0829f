// SPDX-License-Identifier: MIT
// Switching tasks, and waiting for a lock.
#include "offsets.h"

    .text

// void context_switch(struct task *from, struct task *to)
// Saves what C lets a function keep, goes on in `to` where it called this. Interrupts are off.
    .globl context_switch
context_switch:
    sd      ra, TASK_CONTEXT + 0(a0)
    sd      sp, TASK_CONTEXT + 8(a0)
    sd      s0, TASK_CONTEXT + 16(a0)
    sd      s1, TASK_CONTEXT + 24(a0)
    sd      s2, TASK_CONTEXT + 32(a0)
    sd      s3, TASK_CONTEXT + 40(a0)
    sd      s4, TASK_CONTEXT + 48(a0)
    sd      s5, TASK_CONTEXT + 56(a0)
    sd      s6, TASK_CONTEXT + 64(a0)
    sd      s7, TASK_CONTEXT + 72(a0)
    sd      s8, TASK_CONTEXT + 80(a0)
    sd      s9, TASK_CONTEXT + 88(a0)
    sd      s10, TASK_CONTEXT + 96(a0)
    sd      s11, TASK_CONTEXT + 104(a0)
    addi    t0, a0, TASK_CONTEXT
    sc.d    zero, ra, (t0)              // an lr of this task does not meet an sc of the next
    fence   rw, w
    sw      zero, TASK_ON_HART(a0)      // its stack is left: from here on another hart may take it
    mv      tp, a1
    csrw    sscratch, a1
    ld      ra, TASK_CONTEXT + 0(a1)
    ld      sp, TASK_CONTEXT + 8(a1)
    ld      s0, TASK_CONTEXT + 16(a1)
    ld      s1, TASK_CONTEXT + 24(a1)
    ld      s2, TASK_CONTEXT + 32(a1)
    ld      s3, TASK_CONTEXT + 40(a1)
    ld      s4, TASK_CONTEXT + 48(a1)
    ld      s5, TASK_CONTEXT + 56(a1)
    ld      s6, TASK_CONTEXT + 64(a1)
    ld      s7, TASK_CONTEXT + 72(a1)
    ld      s8, TASK_CONTEXT + 80(a1)
    ld      s9, TASK_CONTEXT + 88(a1)
    ld      s10, TASK_CONTEXT + 96(a1)
    ld      s11, TASK_CONTEXT + 104(a1)
    ret

// Where a new task starts. State: s1 = function, s2 = argument, interrupts off.
    .globl context_start
context_start:
    call    task_started
    mv      a0, s2
    jalr    s1
    li      a0, 0
    call    task_end

// State: t2 = a lock that somebody else has, t0 = where to go on when it is taken. Keeps all registers
// but t0 and t1, which the assembler's `call t0` needs (microcore/lock.c).
    .globl lock_contended
lock_contended:
    addi    sp, sp, -128
    sd      t0, 0(sp)
    sd      t2, 8(sp)
    sd      t3, 24(sp)
    sd      t4, 32(sp)
    sd      t5, 40(sp)
    sd      t6, 48(sp)
    sd      ra, 56(sp)
    sd      a0, 64(sp)
    sd      a1, 72(sp)
    sd      a2, 80(sp)
    sd      a3, 88(sp)
    sd      a4, 96(sp)
    sd      a5, 104(sp)
    sd      a6, 112(sp)
    sd      a7, 120(sp)
    mv      a0, t2
    call    lock_take_late
    ld      t0, 0(sp)
    ld      t2, 8(sp)
    ld      t3, 24(sp)
    ld      t4, 32(sp)
    ld      t5, 40(sp)
    ld      t6, 48(sp)
    ld      ra, 56(sp)
    ld      a0, 64(sp)
    ld      a1, 72(sp)
    ld      a2, 80(sp)
    ld      a3, 88(sp)
    ld      a4, 96(sp)
    ld      a5, 104(sp)
    ld      a6, 112(sp)
    ld      a7, 120(sp)
    addi    sp, sp, 128
    jr      t0

// void float_registers_save(uint64_t registers[33]), float_registers_load(const uint64_t [33])
// f0..f31 and fcsr. sstatus.FS is not off.
    .option push
    .option arch, +f, +d
    .macro  each_float operation
    .irp    number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \operation f\number, 8 * \number(a0)
    .endr
    .endm
    .globl float_registers_save
float_registers_save:
    each_float fsd
    frcsr   t0
    sd      t0, 256(a0)
    ret
    .globl float_registers_load
float_registers_load:
    each_float fld
    ld      t0, 256(a0)
    fscsr   t0
    ret
    .option pop
