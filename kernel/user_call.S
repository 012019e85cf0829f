// SPDX-License-Identifier: MIT
// System calls: from a user's ecall through the gate into the service of its process, and back.
//
// The way of every other trap (microcore/trap.S, kernel/user.c) does the same in C; this one is short.
// The callee is untrusted and may leave anything in the registers, so all of the user's are saved.
#include "microcore/trap_save.h"
#include "offsets.h"

#define SSTATUS_SIE 0x2

    .section .text.gate, "ax"

// State: interrupts off, tp = current thread, sscratch = the user's tp, scratch[0..1] = its sp and t0,
// t0 free, everything else the user's. The thread's core stack is empty.
    .balign 64
    .globl kernel_user_call
kernel_user_call:
    ld      sp, TASK_CORE_STACK(tp)
    addi    sp, sp, -TRAP_SIZE
    trap_save
    ld      t0, TASK_SCRATCH + 0(tp)    // the user's sp
    ld      t1, TASK_SCRATCH + 8(tp)    // and t0
    csrrw   t2, sscratch, tp            // and tp; sscratch = task again
    csrr    t3, sepc
    csrr    t4, sstatus
    addi    t3, t3, 4                   // behind the ecall
    sd      t0, TRAP_X + 16(sp)
    sd      t1, TRAP_X + 40(sp)
    sd      t2, TRAP_X + 32(sp)
    sd      t3, TRAP_PC(sp)
    sd      t4, TRAP_STATUS(sp)
    sd      sp, THREAD_USER_FRAME(tp)
    sd      sp, TASK_CORE_STACK(tp)     // what the core does meanwhile goes below
    csrsi   sstatus, SSTATUS_SIE

    // The call, as gate_call_core makes it: (cookie, number, a0..a5). State: the core's frame is the top.
    ld      t2, THREAD_TOP(tp)
    la      t0, user_call_return
    sd      t0, FRAME_RA(t2)
    sd      sp, FRAME_SP(t2)
    ld      t3, THREAD_PROCESS(tp)
    mv      t0, a7
    mv      a7, a5
    mv      a6, a4
    mv      a5, a3
    mv      a4, a2
    mv      a3, a1
    mv      a2, a0
    mv      a1, t0
    ld      a0, THREAD_COOKIE(tp)
    li      t1, 0                       // method `syscall`
    li      t5, 1
    addi    t2, t2, FRAME_SIZE
    j       gate_push

// State: a0, a1 = RpcResult, sp = the trap frame, interrupts on, everything else the callee's.
user_call_return:
    addi    t0, sp, TRAP_SIZE
    csrci   sstatus, SSTATUS_SIE
    sd      t0, TASK_CORE_STACK(tp)
    ld      t1, THREAD_USER_NEWS(tp)
    ld      t2, TASK_HART(tp)
    or      t1, t1, a0                  // a transport error, news for it, registers were set
    lbu     t2, HART_RESCHEDULE(t2)
    or      t1, t1, t2
    bnez    t1, 1f
    mv      a0, sp
    sd      a1, TRAP_X + 80(sp)
    j       trap_return                 // the f registers are as the frame's status says
1:  mv      a2, sp
    call    user_call_finish
    ld      a0, THREAD_USER_FRAME(tp)
    j       trap_return
