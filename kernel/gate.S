// SPDX-License-Identifier: MIT
// The gate: how a thread goes from one domain into another and back, and into the core and back.
//
// In all of it: tp = current thread (struct thread, core memory; domains cannot write it), interrupts
// on, sp = a domain's stack, so that nothing is pushed. gp, s9, s10 of a domain hold its slot's base,
// an aligned target in the slot (or a core entry), and an address in the slot (docs/abi.md).
// A domain gets here by a jump through s9 and by no other: so s9 is a core entry, which is as good
// for whoever goes on. Ways from elsewhere set it.
//
// Three stretches are restartable: a trap in [gate_check, gate_check_end) resumes at gate_check, and
// so with gate_resume (from gate_resume_popped on) and gate_check_core (kernel/fault.c). So the closing or death of the domain
// that is about to be entered is seen however long the trap took.
#include "kernel/abi/core_entry.h"
#include "offsets.h"

#define SSTATUS_SIE 0x2

// What was put off while a record's guard was held comes now: the end of interrupts_let
// (microcore/lock.h).
    .macro  interrupts_come
    sw      zero, TASK_INTERRUPTS_PUT_OFF(tp)
    csrsi   sstatus, SSTATUS_SIE
    .endm

// Debug builds stop here and there for a while, at one pass of 16, so that tests meet the races
// between any two steps of the gate. WHILE is in 4,096 turns. State: s10 is free.
    .macro  step while=1
#ifdef DEBUG
    rdtime  s10
    andi    s10, s10, 15
    bnez    s10, 99f
    lui     s10, \while
98: addi    s10, s10, -1
    bnez    s10, 98b
99:
#endif
    .endm

// An RRef in passing becomes OTHER's, which was OWNER's (kernel/passing.c), or REFUSED is jumped to.
// State: word = the index of its word, base = the upper half of rref_passing, owner and other = their
// places. After: word = its word's address, was and becomes = the word before and now. Of these was or
// seen may be base.
    .macro  passing_move rref, word, base, owner, other, was, becomes, seen, refused
    sh3add  \word, \word, \base
    add     \was, \rref, \other
    add     \becomes, \rref, \owner
    sh3add  \was, \owner, \was
    sh3add  \becomes, \other, \becomes
    step
    lr.d.aq \seen, (\word)
    bne     \seen, \was, \refused
    sc.d.rl \seen, \becomes, (\word)
    bnez    \seen, \refused
    .endm

    .option arch, +zba, +zbs            // domains need Zba anyway (kernel/main.c)
    .section .text.gate, "ax"
    .balign 64

// CALL. State: t0 = handle, t1 = method, a0..a7 = arguments, ra = where the caller goes on,
// sp = the caller's stack. After: in the callee, or back at the caller with a0 = transport error.
    .globl gate_call
gate_call:
    ld      t2, THREAD_TOP(tp)          // the caller's frame
    srli    t3, t0, 7                   // handle < HANDLES_CALLED
    bnez    t3, gate_no_handle
    srli    t3, t1, 5                   // method < DOMAIN_METHODS_MAX
    bnez    t3, gate_denied
    ld      s1, FRAME_VERSION(t2)       // s1 = who calls: for gate_give
    slli    t0, t0, 5
    ld      t4, VERSION_HANDLES(s1)
    add     t0, t0, t4                  // t0 = handle entry
    ld      t5, HANDLE_FAST(t0)
    ld      t3, HANDLE_PROXY(t0)        // t3 = proxy
    bext    t5, t5, t1
    sd      ra, FRAME_RA(t2)            // where the caller goes on
    sd      sp, FRAME_SP(t2)
    beqz    t5, gate_slow               // carries RRefs, or this holder may not
    addi    t2, t2, FRAME_SIZE          // t2 = the callee's frame
// State: t1 = method, t2 = callee's frame (not published), t3 = proxy, t5 = 1, a0..a7 = arguments.
    .globl gate_push
gate_push:
    sd      zero, FRAME_CARRIED(t2)     // faults behind the last frame: RPC_TOO_DEEP
    sd      t3, FRAME_PROXY(t2)
    sd      t1, FRAME_METHOD(t2)        // and nothing spent

// State: t1 = method, t2 = callee's frame (not published, or published with a closed version),
// t3 = proxy, t5 = 1, a0..a7 = arguments.
gate_enter:
    lwu     t6, TASK_COUNTER_ENTERED(tp) // any hart's line is right, this one's is cheap
    ld      t4, PROXY_VERSION(t3)       // t4 = version that serves now
    add     t6, t4, t6                  // t6 = where it counts
    step
    amoadd.d.aqrl zero, t5, (t6)        // counted in, before the second read
    step
    .globl gate_check
gate_check:                             // t1..t4, t6 as above
    ld      t0, PROXY_VERSION(t3)
    bne     t0, t4, gate_undo           // replaced meanwhile
gate_serve:                             // also for who passes a closed gate: a trap undoes that
    sh3add  t0, t1, t4
    ld      t0, VERSION_METHODS(t0)     // t0 = method's address; of the slow path when closed or dead
    step
    sd      t4, FRAME_VERSION(t2)
    sd      t2, THREAD_TOP(tp)          // published: from here on its faults are the callee's
    step
    ld      gp, VERSION_BASE(t4)
    ld      sp, FRAME_STACK(t2)
    ld      ra, VERSION_STUB(t4)        // the return stub
    add     sp, sp, gp
    mv      s10, gp                     // the caller's would point into its slot
    jr      t0
gate_pass:                              // t4: closed, but this thread is inside already
    ld      t0, VERSION_DEAD(t4)
    beqz    t0, gate_serve
    j       gate_undo
// Where a version's methods lead while somebody watches how long calls take (kernel/watch.c). State: as
// in a callee; t1 = method, t2 = its frame, t4 = its version. Trapped, it begins anew at gate_check.
    .globl gate_watched
gate_watched:
    ld      t5, FRAME_CARRIED(t2)
    lui     t0, FRAME_WATCHED_BITS >> 12
    or      t5, t5, t0
    rdtime  t0
    sd      t0, FRAME_ENTERED(t2)
    sd      t5, FRAME_CARRIED(t2)       // the slow way back, as if it were awaited
    sh3add  t0, t1, t4
    ld      t0, VERSION_SERVED(t0)
    jr      t0
    .globl gate_check_end
gate_check_end:

// The version changed between the two reads: it was not counted into the wrong one, start over.
gate_undo:
    addi    t5, t2, -FRAME_SIZE
    sd      t5, THREAD_TOP(tp)
    ld      t0, FRAME_CARRIED(t2)
    li      t5, FRAME_PREPARED_BIT | FRAME_PASSED_BIT
    and     t0, t0, t5                  // other flags say nothing of loans
    bnez    t0, gate_undo_carrying      // loans were made to the wrong one
    step
    li      t5, -1                      // where it was counted in: a call is counted once
    amoadd.d.aqrl zero, t5, (t6)
    li      t5, 1
    j       gate_enter

// RETURN. State: a0, a1 = RpcResult. Pops the top frame, whoever jumps here and from wherever.
    .globl gate_return
gate_return:
    ld      t2, THREAD_TOP(tp)
    ld      t3, FRAME_CARRIED(t2)
    ld      t4, FRAME_VERSION(t2)
    beqz    t3, gate_pop

// The result is an RRef that goes the way back on which the argument came. It changes its owner as in
// gate_give. The callee-saved registers are free: a system call's service never returns an RRef.
gate_give_back:
    lui     t6, FRAME_PASSED_BIT >> 12
    bne     t3, t6, gate_return_carrying
    ld      s1, FRAME_VERSION - FRAME_SIZE(t2) // who called
    bnez    a0, gate_return_slow        // no result
    ld      s2, VERSION_PLACE(t4)
    ld      s3, VERSION_PLACE(s1)
    slli    t5, a1, 16
    lui     t6, %hi(rref_passing)
    srli    t5, t5, 48
    passing_move a1, t5, t6, s2, s3, t0, t1, t6, gate_return_slow
    step
gate_pop:                               // t2 = top frame, t4 = its version
    addi    t2, t2, -FRAME_SIZE
    lwu     t6, TASK_COUNTER_LEFT(tp)
    sd      t2, THREAD_TOP(tp)          // popped first: who counts as inside is in no version's way
    step
    li      t0, 1
    add     t5, t4, t6
    amoadd.d.aqrl zero, t0, (t5)        // counted out
// As gate_resume, with t2 = top frame. A trap resumes at gate_resume itself.
    .globl gate_resume_popped
gate_resume_popped:
    ld      t4, FRAME_VERSION(t2)       // the caller's
    ld      t3, VERSION_DEAD(t4)
    bnez    t3, gate_resume_dead
    step
    ld      gp, VERSION_BASE(t4)
    ld      ra, FRAME_RA(t2)
    ld      sp, FRAME_SP(t2)
    mv      s10, gp
    ret
// Goes on in the top frame. State: a0, a1 = result.
    .globl gate_resume
gate_resume:
    ld      t2, THREAD_TOP(tp)
    ld      t4, FRAME_VERSION(t2)
    ld      t3, VERSION_DEAD(t4)
    bnez    t3, gate_resume_dead        // it died meanwhile: skip this frame as well
    step
    ld      gp, VERSION_BASE(t4)
    ld      ra, FRAME_RA(t2)
    ld      sp, FRAME_SP(t2)
    mv      s9, gp
    mv      s10, gp
    ret
    .globl gate_resume_end
gate_resume_end:

// ---- The ways that are not fast. All go on on the thread's core stack. ----

    .macro  save_arguments
    ld      sp, TASK_CORE_STACK(tp)
    addi    sp, sp, -80
    sd      a0, 0(sp)
    sd      a1, 8(sp)
    sd      a2, 16(sp)
    sd      a3, 24(sp)
    sd      a4, 32(sp)
    sd      a5, 40(sp)
    sd      a6, 48(sp)
    sd      a7, 56(sp)
    sd      t1, 64(sp)
    .endm
    .macro  restore_arguments
    ld      a0, 0(sp)
    ld      a1, 8(sp)
    ld      a2, 16(sp)
    ld      a3, 24(sp)
    ld      a4, 32(sp)
    ld      a5, 40(sp)
    ld      a6, 48(sp)
    ld      a7, 56(sp)
    ld      t1, 64(sp)
    .endm

// State: t0 = handle entry, t1 = method, t2 = caller's frame with ra and sp saved, t3 = proxy,
// a0..a7 = arguments. What only a shadow keeps from the fast way (proxy.saving) is as fast, but that
// its arguments are saved: to be repeated they must outlive the callee.
gate_slow:
    lwu     t5, HANDLE_FAST + 4(t0)
    bext    t5, t5, t1
    bnez    t5, gate_give
    ld      t5, HANDLE_RIGHTS(t0)
    sh2add  t6, t1, t3
    bext    t5, t5, t1
    lh      s0, PROXY_LENDS(t6)
    beqz    t5, gate_slower             // this holder may not
    bnez    s0, gate_lend
    ld      t6, PROXY_SAVING(t3)
    srl     t6, t6, t1
    andi    t6, t6, 1
    beqz    t6, gate_slower
    addi    t2, t2, FRAME_SIZE          // t2 = the callee's frame
    ori     t5, t1, FRAME_SAVED_BIT
    .globl gate_push_saving
gate_push_saving:
    sd      zero, FRAME_CARRIED(t2)     // faults as at gate_push
    sd      t3, FRAME_PROXY(t2)
    sd      t5, FRAME_METHOD(t2)
    sd      a0, FRAME_ARGUMENTS(t2)
    sd      a1, FRAME_ARGUMENTS+8(t2)
    sd      a2, FRAME_ARGUMENTS+16(t2)
    sd      a3, FRAME_ARGUMENTS+24(t2)
    sd      a4, FRAME_ARGUMENTS+32(t2)
    sd      a5, FRAME_ARGUMENTS+40(t2)
    sd      a6, FRAME_ARGUMENTS+48(t2)
    sd      a7, FRAME_ARGUMENTS+56(t2)
    li      t5, 1
    j       gate_enter

// The method is given one RRef as its first argument, and returns one. Its owner changes here where it
// is in passing between the two (kernel/passing.c): one word says that the name is right, that the
// caller owns it, that the callee was charged for it, and that there is nothing else to it. What is
// not so is gate_prepare's. State: as at gate_slow, s1 = the caller's version, t5 = 1.
gate_give:
    addi    t2, t2, FRAME_SIZE          // t2 = the callee's frame
    lui     s0, FRAME_PASSED_BIT >> 12
    .globl gate_push_giving
gate_push_giving:
    sd      s0, FRAME_CARRIED(t2)       // faults as at gate_push
    sd      t3, FRAME_PROXY(t2)
    sd      t1, FRAME_METHOD(t2)        // and nothing spent
    lwu     t6, TASK_COUNTER_ENTERED(tp)
    ld      t4, PROXY_VERSION(t3)
    add     t6, t4, t6
    step
    amoadd.d.aqrl zero, t5, (t6)
    step
    ld      s0, PROXY_VERSION(t3)       // whose it will be serves, and stays meanwhile
    slli    s4, a0, 16
    bne     s0, t4, gate_give_undo
    ld      s2, VERSION_PLACE(s1)
    ld      s3, VERSION_PLACE(t4)
    srli    s4, s4, 48
    lui     s5, %hi(rref_passing)
    passing_move a0, s4, s5, s2, s3, s5, s6, s7, gate_give_undo
    step    128                         // long enough for who replaces the version
    j       gate_check
gate_give_undo:
    li      t5, -1                      // gate_prepare counts it
    amoadd.d.aqrl zero, t5, (t6)
    j       gate_slower

// The method borrows one RRef and carries nothing else, which is most of what is not fast. The loan
// is made here where it is simple: the caller owns the RRef and has not lent it. Everything else, and
// every refusal, is gate_prepare's. The callee-saved registers are free: it may use them all anyway.
// State: as at gate_slow, s0 = what the frame will say of the loan, t6 = proxy + 4 * method.
gate_lend:
    lhu     s1, PROXY_LENDS + 2(t6)
    mv      s7, t0
    addi    t2, t2, FRAME_SIZE          // t2 = the callee's frame
    .globl gate_push_lending
gate_push_lending:
    sd      zero, FRAME_CARRIED(t2)     // faults as at gate_push
    sd      t3, FRAME_PROXY(t2)
    sd      t1, FRAME_METHOD(t2)        // and nothing spent
    sd      a0, FRAME_ARGUMENTS(t2)     // for a repetition, and for who ends the loan
    sd      a1, FRAME_ARGUMENTS+8(t2)
    sd      a2, FRAME_ARGUMENTS+16(t2)
    sd      a3, FRAME_ARGUMENTS+24(t2)
    sd      a4, FRAME_ARGUMENTS+32(t2)
    sd      a5, FRAME_ARGUMENTS+40(t2)
    sd      a6, FRAME_ARGUMENTS+48(t2)
    sd      a7, FRAME_ARGUMENTS+56(t2)
    add     s1, s1, t2
    ld      s1, 0(s1)                   // s1 = the RRef's name

    // Counted in as at gate_enter, and looked again: the loan is to the instance that will serve,
    // which stays at least until this thread is counted out.
    lwu     t6, TASK_COUNTER_ENTERED(tp)
    ld      t4, PROXY_VERSION(t3)
    li      t5, 1
    add     t6, t4, t6
    amoadd.d.aqrl zero, t5, (t6)
    step
    ld      t0, PROXY_VERSION(t3)
    ld      s2, VERSION_ID(t4)          // s2 = the borrower
    bne     t0, t4, gate_lend_undo
    beqz    s2, gate_lend_undo          // closed or dead
    ld      s3, FRAME_VERSION - FRAME_SIZE(t2)
    slli    s4, s1, 16
    ld      s3, VERSION_ID(s3)          // s3 = the lender
    la      t0, rref_chunks
    srli    s5, s4, 48 + RREF_CHUNK_SHIFT
    srli    s4, s4, 48
    andi    s4, s4, (1 << RREF_CHUNK_SHIFT) - 1
    sh3add  s5, s5, t0
    ld      s5, 0(s5)
    li      t0, RREF_SIZE
    mul     s4, s4, t0
    beqz    s5, gate_lend_undo          // there was never such a record
    add     s4, s4, s5                  // s4 = the record

    sw      t5, TASK_INTERRUPTS_HELD(tp) // a guard is never held by who does not run
    amoor.w.aq t0, t5, (s4)             // one that is in passing stays so
    bnez    t0, gate_lend_contended
    ld      t0, RREF_NAME(s4)
    lw      s5, RREF_OWNER(s4)
    lbu     s6, RREF_LIVE(s4)
    bne     t0, s1, gate_lend_refuse    // of another generation
    lw      t0, RREF_LOAN_BOUND(s4)
    bne     s5, s3, gate_lend_refuse
    beqz    s6, gate_lend_refuse
    bnez    t0, gate_lend_refuse        // it is lent already
    slli    s5, t5, 32
    or      s5, s5, s2                  // domain and number of calls
    sd      s5, RREF_LOAN(s4)
    sb      t5, RREF_LOAN_FIRST(s4)
    sw      t5, RREF_LOAN_BOUND(s4)
    amoswap.w.rl zero, zero, (s4)
    sw      zero, TASK_INTERRUPTS_HELD(tp)
    lw      t0, TASK_INTERRUPTS_PUT_OFF(tp)
    bnez    t0, gate_lend_put_off
gate_lend_let:
    step    128                         // long enough for who replaces the version
    slli    s4, s4, FRAME_RECORD_BITS
    or      s4, s4, s0
    sd      t4, FRAME_VERSION(t2)       // gate_prepare_again ends the loan to it and counts out of it
    sd      s4, FRAME_CARRIED(t2)
    j       gate_check

gate_lend_refuse:
    amoswap.w.rl zero, zero, (s4)
gate_lend_contended:
    sw      zero, TASK_INTERRUPTS_HELD(tp)
    lw      t0, TASK_INTERRUPTS_PUT_OFF(tp)
    bnez    t0, gate_lend_refuse_put_off
gate_lend_undo:
    li      t5, -1                      // gate_prepare counts it
    amoadd.d.aqrl zero, t5, (t6)
    mv      t0, s7

// State: t0 = handle entry, t1 = method, the caller's frame with ra and sp saved, a0..a7.
gate_slower:
    save_arguments
    mv      a0, sp                      // arguments: handles among them are replaced
    mv      a1, t0
    call    gate_prepare                // RpcResult: status, value = version, counted in, + 1: pass
gate_prepared:                          // the saved registers are on the stack
    bnez    a0, gate_error
    la      s9, gate_call               // whoever comes from a trap has what a dead domain left
    ld      t2, THREAD_TOP(tp)
    andi    t0, a1, 1                   // passes a closed gate
    sub     t4, a1, t0
    addi    t2, t2, FRAME_SIZE
    ld      t3, FRAME_PROXY(t2)
    lwu     t6, TASK_COUNTER_ENTERED(tp)
    add     t6, t4, t6
    restore_arguments
    bnez    t0, gate_pass
    j       gate_check

// State: t2 = callee's frame (not published), filled in by gate_prepare, t1 = method, a0..a7.
gate_undo_carrying:
    sd      t4, FRAME_VERSION(t2)
    save_arguments
    mv      a0, sp
    mv      a1, t2
    call    gate_prepare_again          // as gate_prepare
    j       gate_prepared

// Interrupts that were put off while the record's guard was held. State: as where they go back to.
gate_lend_put_off:
    interrupts_come
    j       gate_lend_let
gate_lend_refuse_put_off:
    interrupts_come
    j       gate_lend_undo
gate_return_put_off:
    interrupts_come
    j       gate_return_let
gate_return_refuse_put_off:
    interrupts_come
    j       gate_return_slow

gate_no_handle:
    li      a0, -5005                   // RPC_NO_HANDLE
    li      a1, 0
    ret
gate_denied:
    li      a0, -5006                   // RPC_DENIED
    li      a1, 0
    ret

// State: a0 = status; the caller's frame is the top one.
gate_error:
    li      a1, 0
    j       gate_resume

// A method that the interface does not have. State: as in a callee.
    .globl gate_refused
gate_refused:
    li      a0, -5006                   // RPC_DENIED
    li      a1, 0
    j       gate_return

// The method table of a closed or dead version. State: as in a callee; t1 = method, t2 = published
// frame, t3 = proxy, a0..a7 = arguments. Waits until there is somebody to call, or gives up.
    .globl gate_unserved
gate_unserved:
    save_arguments
    mv      a0, sp
    call    gate_wait_served            // pops the frame; then as gate_prepare
    j       gate_prepared

// State: a0, a1 = result, t2 = top frame, which carries something or is not counted, t3 = what, t4 =
// its version. A loan of gate_lend's ends here if it is as it was made, and nothing waits for its end.
// Then a2 is 0 for the caller; after every other loan it is not.
gate_return_carrying:
    slli    t6, t3, 63 - 15             // FRAME_AWAITED
    bgez    t3, gate_return_slow        // no record's address in it
    bltz    t6, gate_return_slow
    ld      t6, VERSION_ID(t4)
    srai    t5, t3, FRAME_RECORD_BITS   // t5 = the record
    li      t3, 1
    slli    t0, t3, 32
    or      t6, t6, t0                  // t6 = the loan: one call, nothing held
    sw      t3, TASK_INTERRUPTS_HELD(tp)
    amoswap.w.aq t0, t3, (t5)
    bnez    t0, gate_return_contended
    ld      t0, RREF_LOAN(t5)
    lw      t1, RREF_LOAN_BOUND(t5)
    bne     t0, t6, gate_return_refuse
    lw      t0, RREF_LOAN + 8(t5)       // posted, completed
    bne     t1, t3, gate_return_refuse
    lw      t6, RREF_OWNER(t5)
    bnez    t0, gate_return_posted
    ld      a2, RREF_PINNED(t5)
    addi    t6, t6, 1
    bnez    a2, gate_return_refuse      // a device or a copy still has it; a2 = 0: nobody
    beqz    t6, gate_return_refuse      // its owner is gone, so it goes with the loan
    sd      zero, RREF_LOAN(t5)
    sb      zero, RREF_LOAN_FIRST(t5)
    sw      zero, RREF_LOAN_BOUND(t5)
gate_return_over:
    amoswap.w.rl zero, zero, (t5)
    sw      zero, TASK_INTERRUPTS_HELD(tp)
    lw      t0, TASK_INTERRUPTS_PUT_OFF(tp)
    bnez    t0, gate_return_put_off
gate_return_let:
    sd      zero, FRAME_CARRIED(t2)     // who looks for readers looks behind the top as well
    j       gate_pop

// It was posted, so it goes on without the call: nobody is to be told of that. State: t0 = posted,
// completed.
gate_return_posted:
    srliw   t1, t0, 16
    ld      t6, VERSION_ID(t4)
    bnez    t1, gate_return_refuse      // completed already
    sd      t6, RREF_LOAN(t5)           // no call
    sb      zero, RREF_LOAN_FIRST(t5)
    li      a2, 1                       // and is not back
    j       gate_return_over

gate_return_refuse:
    amoswap.w.rl zero, zero, (t5)
gate_return_contended:
    sw      zero, TASK_INTERRUPTS_HELD(tp)
    lw      t0, TASK_INTERRUPTS_PUT_OFF(tp)
    bnez    t0, gate_return_refuse_put_off

gate_return_slow:
    ld      sp, TASK_CORE_STACK(tp)
    call    gate_finish                 // RpcResult in and out; pops the frame
    li      a2, 1                       // what was lent may be out still
    j       gate_resume

// The top frame's domain is dead, and so is the result on its way to it. An idempotent request to a
// service with a shadow begins anew.
gate_resume_dead:
    ld      sp, TASK_CORE_STACK(tp)
    addi    sp, sp, -80
    mv      a0, sp
    call    fault_unwind                // pops the dead frame; an error, or as gate_prepare
    j       gate_prepared

// ABORT, and every word of the gate page without an entry.
    .globl gate_abort
gate_abort:
    ld      t2, THREAD_TOP(tp)
    sd      ra, FRAME_RA(t2)
    sd      sp, FRAME_SP(t2)
    ld      sp, TASK_CORE_STACK(tp)
    call    fault_abort_self            // the frame stays, of a domain that is dead now
    j       gate_resume

// ---- Core entries that are C functions. State: a0..a7 = arguments, ra, sp = the domain's. ----
// Two instructions a stub: word N of the gate page is core_entry_stubs + 8 * N.
    .balign 8
    .globl core_entry_stubs
core_entry_stubs:
    .set    number, 0
    .rept   128
    li      t0, number
    j       core_entry_common
    .set    number, number + 1
    .endr

core_entry_common:
    la      t1, core_entry_functions
    slli    t0, t0, 3
    ld      t2, THREAD_TOP(tp)
    add     t0, t0, t1
    ld      t0, 0(t0)
    sd      ra, FRAME_RA(t2)
    sd      sp, FRAME_SP(t2)
    ld      sp, TASK_CORE_STACK(tp)
    jalr    t0
    j       gate_resume                 // callee-saved registers are as the domain left them

// ---- From the core into a domain ----

// RpcResult gate_call_core(struct proxy *, uint64_t method, const uint64_t arguments[8])
// RpcResult gate_enter_core(struct version *, uint64_t entry, const uint64_t arguments[8])
// The first is a call like any other. The second enters a given version, not counted as a reader.
// State: C, on the thread's core stack. The top frame is the core's.
    .macro  core_stack_enter
    addi    sp, sp, -144
    sd      ra, 0(sp)
    sd      s0, 8(sp)
    sd      s1, 16(sp)
    sd      s2, 24(sp)
    sd      s3, 32(sp)
    sd      s4, 40(sp)
    sd      s5, 48(sp)
    sd      s6, 56(sp)
    sd      s7, 64(sp)
    sd      s8, 72(sp)
    sd      s9, 80(sp)
    sd      s10, 88(sp)
    sd      s11, 96(sp)
    ld      t0, TASK_CORE_STACK(tp)
    sd      t0, 104(sp)
    sd      sp, TASK_CORE_STACK(tp)     // entries from the domain go below
    ld      t2, THREAD_TOP(tp)
    la      t0, core_stack_leave
    sd      t0, FRAME_RA(t2)
    sd      sp, FRAME_SP(t2)
    .endm
    .macro  load_arguments
    ld      a0, 0(t5)
    ld      a1, 8(t5)
    ld      a3, 24(t5)
    ld      a4, 32(t5)
    ld      a5, 40(t5)
    ld      a6, 48(t5)
    ld      a7, 56(t5)
    ld      a2, 16(t5)
    .endm

    .globl gate_call_core
gate_call_core:
    core_stack_enter
    mv      t3, a0
    mv      t1, a1
    mv      t5, a2
    load_arguments
    la      s9, gate_call
    addi    t2, t2, FRAME_SIZE
    li      t5, 1
    j       gate_push

    .globl gate_enter_core
gate_enter_core:
    core_stack_enter
    mv      t4, a0
    mv      t3, a1
    mv      t5, a2
    load_arguments
    addi    t2, t2, FRAME_SIZE
    li      t0, FRAME_UNCOUNTED_BIT
    .globl gate_push_core
gate_push_core:
    sd      t0, FRAME_CARRIED(t2)       // may fault as at gate_push
    sd      zero, FRAME_PROXY(t2)
    sd      zero, FRAME_METHOD(t2)
    sd      t4, FRAME_VERSION(t2)
    sd      t2, THREAD_TOP(tp)
    .globl gate_check_core
gate_check_core:                        // t3 = entry, t4 = version, t2 = published frame
    ld      t0, VERSION_DEAD(t4)
    bnez    t0, gate_resume_dead
    ld      gp, VERSION_BASE(t4)
    ld      sp, FRAME_STACK(t2)
    ld      ra, VERSION_STUB(t4)
    add     sp, sp, gp
    mv      s9, gp
    mv      s10, gp
    jr      t3
    .globl gate_check_core_end
gate_check_core_end:

// The domain returned to the core's frame. State: sp = what core_stack_enter left, a0, a1 = result.
core_stack_leave:
    ld      t0, 104(sp)
    sd      t0, TASK_CORE_STACK(tp)
    ld      ra, 0(sp)
    ld      s0, 8(sp)
    ld      s1, 16(sp)
    ld      s2, 24(sp)
    ld      s3, 32(sp)
    ld      s4, 40(sp)
    ld      s5, 48(sp)
    ld      s6, 56(sp)
    ld      s7, 64(sp)
    ld      s8, 72(sp)
    ld      s9, 80(sp)
    ld      s10, 88(sp)
    ld      s11, 96(sp)
    addi    sp, sp, 144
    ret

// ---- Leaf entries: on the domain's stack, confined by hand. ----
// COPY: a0 = destination, a1 = source, a2 = bytes; FILL: a0 = destination, a1 = byte, a2 = bytes.
// Returns a0. Only the low 32 bits of each count; a range that would leave the slot aborts. A fault
// between gate_leaf and gate_leaf_end is the calling domain's.
    .globl gate_copy
gate_copy:
    mv      t6, a0
    slli    t0, a0, 32
    srli    t0, t0, 32
    slli    t1, a1, 32
    srli    t1, t1, 32
    srli    t2, a2, 32
    bnez    t2, gate_abort
    add     t3, t0, a2
    add     t4, t1, a2
    srli    t3, t3, 32
    srli    t4, t4, 32
    or      t3, t3, t4
    bnez    t3, gate_abort
    add     t0, t0, gp                  // t0 = destination, t1 = source, a2 = bytes
    add     t1, t1, gp
    .globl gate_leaf
gate_leaf:
    or      t2, t0, t1
    andi    t2, t2, 7
    bnez    t2, 2f
    li      t5, 64
    bltu    a2, t5, 3f
1:  ld      a3, 0(t1)
    ld      a4, 8(t1)
    ld      a5, 16(t1)
    ld      a6, 24(t1)
    ld      a7, 32(t1)
    ld      t2, 40(t1)
    ld      t3, 48(t1)
    ld      t4, 56(t1)
    sd      a3, 0(t0)
    sd      a4, 8(t0)
    sd      a5, 16(t0)
    sd      a6, 24(t0)
    sd      a7, 32(t0)
    sd      t2, 40(t0)
    sd      t3, 48(t0)
    sd      t4, 56(t0)
    addi    t1, t1, 64
    addi    t0, t0, 64
    addi    a2, a2, -64
    bgeu    a2, t5, 1b
3:  li      t5, 8
    bltu    a2, t5, 2f
4:  ld      a3, 0(t1)
    addi    a2, a2, -8
    sd      a3, 0(t0)
    addi    t1, t1, 8
    addi    t0, t0, 8
    bgeu    a2, t5, 4b
2:  li      t5, 8
    bltu    a2, t5, 8f
7:  lbu     a3, 0(t1)                   // neither is aligned: eight bytes at a time
    lbu     a4, 1(t1)
    lbu     a5, 2(t1)
    lbu     a6, 3(t1)
    lbu     a7, 4(t1)
    lbu     t2, 5(t1)
    lbu     t3, 6(t1)
    lbu     t4, 7(t1)
    sb      a3, 0(t0)
    sb      a4, 1(t0)
    sb      a5, 2(t0)
    sb      a6, 3(t0)
    sb      a7, 4(t0)
    sb      t2, 5(t0)
    sb      t3, 6(t0)
    sb      t4, 7(t0)
    addi    t1, t1, 8
    addi    t0, t0, 8
    addi    a2, a2, -8
    bgeu    a2, t5, 7b
8:  beqz    a2, 6f
5:  lbu     a3, 0(t1)
    addi    a2, a2, -1
    sb      a3, 0(t0)
    addi    t1, t1, 1
    addi    t0, t0, 1
    bnez    a2, 5b
6:  mv      a0, t6
    ret

    .globl gate_fill
gate_fill:
    mv      t6, a0
    slli    t0, a0, 32
    srli    t0, t0, 32
    srli    t2, a2, 32
    bnez    t2, gate_abort
    add     t3, t0, a2
    srli    t3, t3, 32
    bnez    t3, gate_abort
    add     t0, t0, gp
    andi    a1, a1, 255
    slli    t1, a1, 8
    or      a1, a1, t1
    slli    t1, a1, 16
    or      a1, a1, t1
    slli    t1, a1, 32
    or      a1, a1, t1
    andi    t2, t0, 7
    bnez    t2, 2f
    li      t5, 64
    bltu    a2, t5, 3f
1:  sd      a1, 0(t0)
    sd      a1, 8(t0)
    sd      a1, 16(t0)
    sd      a1, 24(t0)
    sd      a1, 32(t0)
    sd      a1, 40(t0)
    sd      a1, 48(t0)
    sd      a1, 56(t0)
    addi    t0, t0, 64
    addi    a2, a2, -64
    bgeu    a2, t5, 1b
3:  li      t5, 8
    bltu    a2, t5, 2f
4:  sd      a1, 0(t0)
    addi    a2, a2, -8
    addi    t0, t0, 8
    bgeu    a2, t5, 4b
2:  beqz    a2, 6f
5:  sb      a1, 0(t0)
    addi    a2, a2, -1
    addi    t0, t0, 1
    bnez    a2, 5b
6:  mv      a0, t6
    ret
    .globl gate_leaf_end
gate_leaf_end:

// The function behind each core entry, by number.
    .section .rodata
    .balign 8
    .globl core_entry_functions
core_entry_functions:
#define ENTRY(number, name) .org core_entry_functions + 8 * number; .dword core_##name;
    CORE_ENTRIES(ENTRY)
    .org    core_entry_functions + 8 * 128
