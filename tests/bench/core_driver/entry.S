// SPDX-License-Identifier: MIT
// The way of a request into the driver in the core: what core_entry_common in kernel/gate.S does
// for every core entry, and no more. The gate page has this address in word CORE_DRIVER_WORD.
#include "offsets.h"

// Before: a0..a4 = arguments of block.submit, t0 = handle; ra, sp = the domain's. After: a0, a1 =
// RpcResult.
    .text
    .globl core_driver_entry
core_driver_entry:
    ld      t2, THREAD_TOP(tp)
    sd      ra, FRAME_RA(t2)
    sd      sp, FRAME_SP(t2)
    ld      sp, TASK_CORE_STACK(tp)
    mv      a5, t0
    call    core_driver_submit
    j       gate_resume
