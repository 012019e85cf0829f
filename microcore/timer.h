// SPDX-License-Identifier: MIT
// Time since boot, and the tick.
#pragma once
#include <stdint.h>

struct hart;
struct task;

#define TICK_NS 10000000u

uint64_t time_now(void);          // ns since boot; any context
uint64_t time_of(uint64_t count); // ns that are so many counts of the time CSR
// It is (the time CSR - time_start) * time_scale >> 32; user mode may read the CSR.
uint64_t time_start(void);
uint64_t time_scale(void);

// Reads the time base, and whether the harts have stimecmp (Sstc). Boot.
void timer_init(void);
// Lets timer interrupts come to this hart.
void timer_init_hart(void);

// The timer interrupt: wakes tasks whose deadline has come, and says whether a tick was due. After
// a late one the task has hardly used the time: QEMU's harts are threads that a busy host lets
// wait. So it is charged a tick that was on time, and one in four of those that were not.
enum timer_tick { TICK_NONE, TICK_USED, TICK_LATE };
enum timer_tick timer_expire(void);

// Sleeps for a moment, or until another hart interrupts this one, and leaves the timer as it was.
// Interrupts off. Returns at once where that would cost a call to the firmware.
void timer_doze(uint64_t ns);

// This hart goes from idle to a task: the tick is to run. Interrupts off.
void timer_tick_start(void);

// Calls task_hand_over in a moment. Interrupts off.
void timer_hand_over(void);

// Deadlines of blocked tasks, a heap for each hart. Interrupts off. `add` puts the current task
// into its hart's; `remove` returns after the heap, and a wake-up from it, no longer touch the
// task.
void timer_add(struct hart *hart, struct task *task);
void timer_remove(struct hart *hart, struct task *task);
// The hart is interrupted by DEADLINE at the latest, this once: for who needs no place in the heap.
// Interrupts off.
void timer_limit(struct hart *hart, uint64_t deadline);
