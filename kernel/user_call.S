// SPDX-License-Identifier: MIT
// System calls: from a user's ecall through the gate into the service of its process, and back.
//
// The way of every other trap (microcore/trap.S, kernel/user.c) does the same in C; this one is short.
// What the service keeps, since it is C, is not in the user's frame while it serves the call: it comes
// there where the call ends in another way than straight back. So who wants all registers (fork, the
// handler of a signal) asks for them in `deliver`, before which they are there.
#include "microcore/trap_save.h"
#include "offsets.h"

#define SSTATUS_SIE 0x2
#define SSTATUS_SPP 0x100

    .section .text.gate, "ax"

// State: interrupts off, tp = current thread, sscratch = the user's tp, scratch[1] = its t0, t0 free,
// everything else the user's. The thread's core stack is empty: TASK_CORE_STACK is the user's frame.
    .balign 64
    .globl kernel_user_call
kernel_user_call:
    ld      t0, TASK_CORE_STACK(tp)
    sd      sp, TRAP_X + 16(t0)
    mv      sp, t0
    trap_save_lost
    ld      t0, TASK_SCRATCH + 8(tp)    // the user's t0
    csrrw   t1, sscratch, tp            // and tp; sscratch = task again
    csrr    t3, sepc
    addi    t3, t3, 4                   // behind the ecall
    sd      t0, TRAP_X + 40(sp)
    sd      t1, TRAP_X + 32(sp)
    sd      t3, TRAP_PC(sp)
    csrsi   sstatus, SSTATUS_SIE

    // The call, as gate_call_core makes it: (a0..a5, cookie, number). State: a0..a5 and a7 are the
    // user's, the core's frame is the top, and its ra and sp are those of user_call_return.
    ld      t2, THREAD_CALL_FRAME(tp)
    ld      t3, THREAD_PROCESS(tp)
    ld      a6, THREAD_COOKIE(tp)
    la      s9, gate_call               // an entry of the core, as where a domain calls (gate.S)
    li      t1, 0                       // method `syscall`
    li      t5, 1
    j       gate_push

// State: a0, a1 = RpcResult, sp = the trap frame, interrupts on, everything else the callee's. A
// method that has returned has left s0..s8 and s11 as the user had them, as C does: it is the user's
// own service, which may set all of its registers anyway. After any other end a0 is an error.
    .globl user_call_return
user_call_return:
    li      t0, SSTATUS_SPP | SSTATUS_SIE
    csrc    sstatus, t0                 // FS says what it has to: the f registers are the user's
    ld      t1, THREAD_USER_NEWS(tp)
    ld      t2, TASK_HART(tp)
    or      t1, t1, a0                  // a transport error, news for it, registers were set
    lbu     t2, HART_RESCHEDULE(t2)
    or      t1, t1, t2
    ld      t0, TRAP_PC(sp)
    bnez    t1, 1f
    csrw    sepc, t0
    mv      a0, a1
    ld      ra, TRAP_X + 8(sp)
    ld      gp, TRAP_X + 24(sp)
    ld      tp, TRAP_X + 32(sp)         // sscratch = task
    ld      t0, TRAP_X + 40(sp)
    ld      t1, TRAP_X + 48(sp)
    ld      t2, TRAP_X + 56(sp)
    ld      a1, TRAP_X + 88(sp)
    ld      a2, TRAP_X + 96(sp)
    ld      a3, TRAP_X + 104(sp)
    ld      a4, TRAP_X + 112(sp)
    ld      a5, TRAP_X + 120(sp)
    ld      a6, TRAP_X + 128(sp)
    ld      a7, TRAP_X + 136(sp)
    ld      s9, TRAP_X + 200(sp)
    ld      s10, TRAP_X + 208(sp)
    ld      t3, TRAP_X + 224(sp)
    ld      t4, TRAP_X + 232(sp)
    ld      t5, TRAP_X + 240(sp)
    ld      t6, TRAP_X + 248(sp)
    ld      sp, TRAP_X + 16(sp)
    sret
1:  lbu     t0, THREAD_REGISTERS_SET(tp)
    bnez    t0, 2f                      // the frame has what the service wants
    trap_save_kept
2:  mv      a2, sp
    call    user_call_finish
    mv      a0, sp
    j       trap_return
