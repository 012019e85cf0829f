// SPDX-License-Identifier: MIT
// User threads: faults, and system calls (user_call.S), become calls of the service
// that made the thread (posix).
#pragma once
#include "kernel/abi/core_entry.h"
#include "kernel/thread.h"
#include "microcore/trap.h"

struct domain;

// A thread in user mode. PROCESS: the service that gets its system calls (one use taken over).
// Returns a handle of DOMAIN's, or a negative errno.
int64_t user_start(struct domain *domain, struct space *space, uint64_t cookie,
                   const struct user_registers *registers);
// The calling thread runs in SPACE from now on (one use taken over).
void user_switch_space(struct space *space);
// In a system call without s0..s8 and s11, which are as its service left them (user_call.S).
void user_registers_read(struct user_registers *registers);
void user_registers_write(const struct user_registers *registers);
void user_kick(struct thread *thread);
// The instance of PROCESS that knew its user threads is dead: they end. How many. Task context.
uint32_t user_end_all(const struct proxy *process);

// The rare ways out of a system call, from user_call.S: what the service answered goes into FRAME,
// and whatever else is to be done is done. Interrupts off.
void user_call_finish(int64_t status, uint64_t value, struct trap_frame *frame);

// In user_call.S: where the service's answer to a system call comes back to, on the core's stack at
// the user's frame.
extern const char user_call_return[];

// On the way back to user mode, interrupts off: delivers what is pending, or ends the thread.
void user_trap_exit(struct trap_frame *frame);
