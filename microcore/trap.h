// SPDX-License-Identifier: MIT
// Traps. Entry takes its stack through sscratch (the current task), never from the interrupted
// code: if core code was interrupted and sp lay on the task's core stack, the frame goes below it;
// otherwise (a pc in a slot, the gate on a domain's stack) it goes below task->core_stack. From
// user mode, where the core stack is empty, it is always the same room above task->core_stack. User
// mode and domains may have any value in sp for a moment, so they are told by SPP and pc.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "microcore/lock.h" // interrupts_enable

struct trap_frame {
    uint64_t pc;
    uint64_t x[32];  // x[4] (tp) is restored only when returning to user mode
    uint64_t status; // sstatus at entry
    uint64_t cause;
    uint64_t value; // stval
};

enum trap_cause { // privileged spec table 4.2
    CAUSE_FETCH_MISALIGNED = 0,
    CAUSE_FETCH_ACCESS = 1,
    CAUSE_ILLEGAL = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_LOAD_ACCESS = 5,
    CAUSE_STORE_MISALIGNED = 6,
    CAUSE_STORE_ACCESS = 7,
    CAUSE_USER_CALL = 8,
    CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE = 13,
    CAUSE_STORE_PAGE = 15,
};

static inline bool trap_from_user(const struct trap_frame *frame)
{
    return !(frame->status & 0x100); // SPP
}

// ---- Upcalls: the kernel implements these ----

// An ecall from user mode, in assembly: trap.S jumps here with the user's registers but t0 (in
// task->scratch[1]) and tp (in sscratch). The status of its frame is not set. Returns to user mode.
void kernel_user_call(void);

// Any other synchronous trap from user mode. Interrupts are on; may block. Returns to user mode
// with *frame.
void kernel_user_trap(struct trap_frame *frame);

// A synchronous trap in core mode: a domain's fault, or the core's own. The microcore has already
// handled faults in its copy routines (exception table) and stale translations. Interrupts off.
void kernel_core_trap(struct trap_frame *frame);

// Every return from a trap, interrupts off, after interrupts were served and the task possibly
// switched away and back: aborts, restartable sequences of the gate (may change frame->pc).
// For a return to user mode it may turn interrupts on and block; it returns with them off.
void kernel_trap_exit(struct trap_frame *frame);

// A timer tick (10 ms) interrupted this code, which has used it (timer.h). Interrupts off.
void kernel_tick(struct trap_frame *frame);

// Is PC in a slot, i.e. domain text or a domain's wild jump?
bool kernel_pc_is_domain(uint64_t pc);

// ---- For the kernel ----

// Handles what is pending, for a hart that slept with interrupts off, as a trap would; they stay
// off.
void trap_take_pending(void);

// What every return from a trap to user mode ends with: reschedules, kernel_trap_exit, f registers.
// Interrupts off.
void trap_leave_user(struct trap_frame *frame);

// The status with which a frame goes back to user mode, with the f registers as they are now. For a
// frame that has none; interrupts off.
void trap_status_user(struct trap_frame *frame);

// Makes the room for the frames of a task that will run in user mode, before it runs.
struct task;
struct trap_frame *trap_user_room(struct task *task);

// First return to user mode of a new thread: *frame holds its registers (status is set here).
__attribute__((noreturn)) void trap_enter_user(struct trap_frame *frame);
