// SPDX-License-Identifier: MIT
// Entry and exit of traps. trap.h says which stack is taken and why.
#include "microcore/trap_save.h"
#include "offsets.h"

#define SSTATUS_SPP      0x100
#define CAUSE_USER_ECALL 8

    .text

// State: interrupts off; sscratch = current task; everything else is the interrupted code's.
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw   tp, sscratch, tp
    sd      t0, TASK_SCRATCH + 8(tp)
    csrr    t0, scause
    addi    t0, t0, -CAUSE_USER_ECALL
    beqz    t0, kernel_user_call        // never comes back here
    sd      sp, TASK_SCRATCH + 0(tp)
    csrr    t0, sstatus
    andi    t0, t0, SSTATUS_SPP
    beqz    t0, 3f                      // from user mode
    csrr    t0, sepc
    srai    t0, t0, 32
    addi    t0, t0, -(SLOT_FIRST)
    sltiu   t0, t0, SLOT_AREA_COUNT
    bnez    t0, 1f                      // from a domain
    ld      t0, TASK_CORE_STACK_LOW(tp)
    bgeu    t0, sp, 1f
    ld      t0, TASK_CORE_STACK_HIGH(tp)
    bgeu    t0, sp, 2f                  // from the core on its stack
1:  ld      sp, TASK_CORE_STACK(tp)
2:  andi    sp, sp, -16
    addi    sp, sp, -TRAP_SIZE
    j       4f
3:  ld      sp, TASK_CORE_STACK(tp)     // there is room above it (trap_user_room)

    // State: sp = the frame, tp = task, t0 free.
4:  trap_save_lost
    trap_save_kept
    ld      t0, TASK_SCRATCH + 0(tp)    // the interrupted sp
    ld      t1, TASK_SCRATCH + 8(tp)    // the interrupted t0
    csrrw   t2, sscratch, tp            // the interrupted tp; sscratch = task again
    csrr    t3, sepc
    csrr    t4, sstatus
    csrr    t5, scause
    csrr    t6, stval
    sd      t0, TRAP_X + 16(sp)
    sd      t1, TRAP_X + 40(sp)
    sd      t2, TRAP_X + 32(sp)
    sd      t3, TRAP_PC(sp)
    sd      t4, TRAP_STATUS(sp)
    sd      t5, TRAP_CAUSE(sp)
    sd      t6, TRAP_VALUE(sp)
    mv      a0, sp
    call    trap_handle
    .globl trap_handled                 // panic.c knows a frame by this return address
trap_handled:
    mv      a0, sp

// void trap_return(struct trap_frame *frame): goes on where the frame says.
// State: a0 = frame, interrupts off, tp = sscratch = current task.
    .globl trap_return
trap_return:
    mv      sp, a0
    ld      t0, TRAP_STATUS(sp)
    ld      t1, TRAP_PC(sp)
    csrw    sstatus, t0
    csrw    sepc, t1
    addi    t2, sp, TRAP_PC
    sc.d    zero, t1, (t2)              // no lr of before the trap meets an sc of after it
    ld      ra, TRAP_X + 8(sp)
    ld      gp, TRAP_X + 24(sp)
    ld      t1, TRAP_X + 48(sp)
    ld      t2, TRAP_X + 56(sp)
    ld      s0, TRAP_X + 64(sp)
    ld      s1, TRAP_X + 72(sp)
    ld      a0, TRAP_X + 80(sp)
    ld      a1, TRAP_X + 88(sp)
    ld      a2, TRAP_X + 96(sp)
    ld      a3, TRAP_X + 104(sp)
    ld      a4, TRAP_X + 112(sp)
    ld      a5, TRAP_X + 120(sp)
    ld      a6, TRAP_X + 128(sp)
    ld      a7, TRAP_X + 136(sp)
    ld      s2, TRAP_X + 144(sp)
    ld      s3, TRAP_X + 152(sp)
    ld      s4, TRAP_X + 160(sp)
    ld      s5, TRAP_X + 168(sp)
    ld      s6, TRAP_X + 176(sp)
    ld      s7, TRAP_X + 184(sp)
    ld      s8, TRAP_X + 192(sp)
    ld      s9, TRAP_X + 200(sp)
    ld      s10, TRAP_X + 208(sp)
    ld      s11, TRAP_X + 216(sp)
    ld      t3, TRAP_X + 224(sp)
    ld      t4, TRAP_X + 232(sp)
    ld      t5, TRAP_X + 240(sp)
    ld      t6, TRAP_X + 248(sp)
    andi    t0, t0, SSTATUS_SPP
    bnez    t0, 1f
    ld      tp, TRAP_X + 32(sp)         // user mode only: in core mode tp is the task's
1:  ld      t0, TRAP_X + 40(sp)
    ld      sp, TRAP_X + 16(sp)
    sret
