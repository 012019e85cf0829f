// SPDX-License-Identifier: MIT
// System calls that are cancellation points, see cancellation.h, and the beginning of a thread.
#include "../arguments.h"
#include "../number.h"
#include "cancellation.h"

// a7 and a0..a5 as for the call, t1 where to return to. Where the thread is to be cancelled before
// the trap, a0 is CANCELLED. cancellation_handler() sends a thread that it finds at or before the
// `ecall` to cancellation_seen; behind it the call has been made.
    .section .text.cancellation_begin, "ax"
    .globl  cancellation_begin, cancellation_made, cancellation_seen
cancellation_begin:
    lw      t0, CANCEL_OFFSET(tp)
    andi    t0, t0, 3               // CANCEL_PENDING, CANCEL_DISABLED
    addi    t0, t0, -1
    beqz    t0, cancellation_seen
    ecall
cancellation_made:
    jr      t1
cancellation_seen:
    li      a0, CANCELLED
    jr      t1

// The functions of POSIX that are cancellation points and take exactly the kernel's arguments.
    .macro CANCELLATION_POINT name, number
    .section .text.\name, "ax"
    .globl \name
\name:
    li      a7, \number
    call    t1, cancellation_begin
    li      t0, -4096
    bgtu    a0, t0, 1f
    ret
1:  tail    cancellation_failed     // a0 = -errno or CANCELLED; returns -1 to our caller, or not
    .endm

    CANCELLATION_POINT openat,          CALL_openat
    CANCELLATION_POINT close,           CALL_close
    CANCELLATION_POINT read,            CALL_read
    CANCELLATION_POINT write,           CALL_write
    CANCELLATION_POINT pread,           CALL_pread64
    CANCELLATION_POINT pwrite,          CALL_pwrite64
    CANCELLATION_POINT fsync,           CALL_fsync
    CANCELLATION_POINT fdatasync,       CALL_fdatasync
    CANCELLATION_POINT msync,           CALL_msync
    CANCELLATION_POINT nanosleep,       CALL_nanosleep
    CANCELLATION_POINT wait4,           CALL_wait4

// long system_call_point(long number, six arguments): -1 and errno, or the thread's end
    .section .text.system_call_point, "ax"
    .globl  system_call_point
system_call_point:
    call_arguments
    call    t1, cancellation_begin
    li      t0, -4096
    bgtu    a0, t0, 1f
    ret
1:  tail    cancellation_failed

// long system_call_cancellable(long number, six arguments): the raw result
    .section .text.system_call_cancellable, "ax"
    .globl  system_call_cancellable
system_call_cancellable:
    call_arguments
    call    t1, cancellation_begin
    ret

// long system_call_raw(long number, six arguments): the raw result, no cancellation point
    .section .text.system_call_raw, "ax"
    .globl  system_call_raw
system_call_raw:
    call_arguments
    ecall
    ret

// long thread_clone(flags, stack, parent_tid, tp, child_tid, entry, argument): the new thread's number
// or -errno. The thread begins with ENTRY(ARGUMENT) at the end of STACK, and with the caller's other
// registers; it does not return.
    .section .text.thread_clone, "ax"
    .globl  thread_clone
thread_clone:
    li      a7, CALL_clone
    ecall
    beqz    a0, 1f
    ret
1:  mv      a0, a6
    li      ra, 0                   // a backtrace ends here
    jr      a5
