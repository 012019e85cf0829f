// SPDX-License-Identifier: MIT
// Tasks: a core stack and a saved context each, switched by a preemptive round-robin run queue per
// hart. The kernel's struct thread has a struct task as first member.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "microcore/hart.h"
#include "microcore/layout.h"
#include "microcore/lock.h"

enum task_state {
    TASK_NEW,
    TASK_READY,
    TASK_RUNNING,
    TASK_BLOCKED,
    TASK_ENDED,
};

struct task {
    // -- offsets of these are used by assembly (microcore/offsets.c) --
    uint64_t scratch[4];         // trap entry saves its first registers here (interrupts are off)
    uint32_t interrupts_held;    // one that comes is put off (microcore/lock.h)
    uint32_t interrupts_put_off; // one was: they are disabled until it lets them again
    uint64_t core_stack_low, core_stack_high; // virtual; sp inside means: core code runs on it
    uint64_t core_stack;             // sp for the next entry from a domain or from user mode
    struct hart *hart;               // where it runs or ran last
    struct counter_offsets counters; // the hart's, changed at a switch
    uint64_t context[14];            // ra, sp, s0..s11 while it does not run
    uint32_t on_hart; // runs, or its context is not saved yet: no other hart may take it
    // -- end of what assembly uses --
    uint64_t satp; // address space to run in; 0: any, core tasks need no lower half
    enum task_state state;
    struct task *queue_next;
    uint64_t deadline;    // ns; wake at this time while blocked (UINT64_MAX: none)
    uint32_t timer_index; // place in the hart's timer heap, 0: none
    bool timed_out;       // the deadline woke it
    bool wake_pending;    // woken before it had blocked
    bool urgent;          // comes before others when it is ready: somebody waits for what it does
    bool gathers;         // those whom it wakes wait on its hart: see task_gather
    bool patient;         // once woken, lets others go first for a while: nobody waits for it
    bool in_user;    // where it was at the last tick, which its time is counted for until the next
    bool uses_float; // a user thread: f registers are saved at a switch if sstatus.FS is dirty,
                     // and loaded when it next uses one (sstatus.FS is off until then)
    uint32_t fail_run;             // whose requests these are, for microcore/fail.h
    uint64_t user_time, core_time; // that it has run, time CSR
    const char *name;
    uint64_t float_registers[33]; // f0..f31, fcsr
};

struct task *task_current(void);

// Prepares a task that will call function(argument) on its core stack. The caller sets
// core_stack_low and core_stack_high (mapped memory) before. Not queued yet.
void task_prepare(struct task *task, const char *name, void (*function)(void *), void *argument);

// Makes a new or blocked task ready, on its last hart or on an idle one. Any context, also in
// interrupts. A task that is not blocked yet will not block: its next task_block returns at once.
void task_wake(struct task *task);

// Blocks the current task until task_wake or until DEADLINE (ns since boot, UINT64_MAX: never).
// Returns false when the deadline came first. No lock held. The usual loop:
//   enqueue oneself under the object's lock; release it; task_block(); dequeue under the lock.
bool task_block(uint64_t deadline);

void task_yield(void);

// How long the current task has been run since it was prepared, in ns: all that passed on its hart,
// interrupts as well. Any context.
uint64_t task_ran(void);

// One that is ready comes before others, on this hart if it can: the caller is about to block until
// it has got out of the way.
void task_hurry(struct task *task);

// From now on those whom the current task wakes wait on its hart, until it blocks or yields: to
// wake another hart for them, or to set a timer for that, takes longer than what is waited for.
// OFF: no more, and a hart that sleeps is woken for those who wait. Interrupts on.
void task_gather(bool on);

// The f registers of the current task: into task->float_registers (fork, signals), from there (it
// uses one), or given up, since what is there counts (exec, return from a signal handler, a
// switch). Nothing for a task that does not use them.
void task_float_save(void);
void task_float_load(void);
void task_float_forget(void);

// Ends the current task; `after` runs on the hart's idle task once the stack is no longer in use.
__attribute__((noreturn)) void task_end(void (*after)(struct task *));

// Wakes a sleeping hart if a task waits on this one. Called by the timer, see task.c.
void task_hand_over(void);

// A tick has met the current task in user mode, or else in the core or a domain. Interrupts off.
void task_tick(bool in_user);

// How long it has run since it was prepared. Of one that runs on another hart: up to the last tick.
struct task_times {
    uint64_t user_ns, core_ns; // in user mode; in domains and in the core
};
struct task_times task_times(struct task *task);

// Called on a timer tick and from hart_interrupt: switches if another task is ready.
void task_reschedule(void);

// ---- Each hart's idle task, with a stack that has an unmapped page below it ----

#define IDLE_STACK 16384

struct idle_stack {
    char guard[PAGE_SIZE];
    char stack[IDLE_STACK];
} __attribute__((aligned(PAGE_SIZE)));

extern struct task idle_tasks[HARTS_MAX];
extern struct idle_stack idle_stacks[HARTS_MAX];

void task_idle_init(struct hart *hart); // boot

// Runs the boot hart's or a secondary hart's idle loop. Never returns.
__attribute__((noreturn)) void task_idle_loop(void);
