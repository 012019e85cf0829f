// SPDX-License-Identifier: MIT
// Switching tasks.
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
