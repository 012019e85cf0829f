// SPDX-License-Identifier: MIT
// Harts: per-hart data, start-up, interrupts between them.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "microcore/layout.h"

struct task;

// Where this hart's line lies in counters by hart (kernel/proxy.h), and the second counter in it.
struct counter_offsets {
    _Alignas(8) uint32_t entered; // index * 128
    uint32_t left;
};

// In core mode `tp` holds the current task (struct task, first member of the kernel's struct
// thread); a task's `hart` member tells where it runs. A task may move between two instructions
// while interrupts are on: read hart members with interrupts off.
struct hart {
    uint32_t index; // 0 .. hart_count - 1
    uint32_t id;    // the machine's hart id
    struct task *current;
    struct task *idle;
    struct counter_offsets counters;
    bool online;
    bool reschedule;            // look at the run queue before returning from the trap
    bool rests;                 // the current task has blocked and idles itself (task.c)
    bool in_interrupt;          // an interrupt handler runs: task_wake runs the task here and soon
    uint64_t satp;              // what satp holds
    uint32_t requests;          // what other harts ask of this one (hart.c)
    uint32_t waits;             // sleeps until another one has served its request
    uint32_t sleeps;            // idle: serves requests when it wakes
    uint64_t requested, served; // number of requests, and of those done
    uint64_t idle_ns;           // time spent in wfi; with -icount shift=0 also instructions
    uint64_t charged;           // until when the current task's time has been counted, time CSR
    struct task *ended;         // task_end: who, and what the idle task does with it
    void (*ended_after)(struct task *);
} __attribute__((aligned(128)));

extern struct hart harts[HARTS_MAX];
extern uint32_t hart_count;

struct hart *hart_current(void); // interrupts off, or the answer is stale

// Makes the machine's boot hart number 0 and fills in harts[]. Boot: called before the device tree
// is parsed, for a panic in that, and again afterwards.
void hart_init(uint64_t boot_id);

// Starts all other harts (SBI HSM) and waits until each is in its idle loop.
void hart_start_others(void);

// Interrupts another hart: it runs kernel_trap_exit, and reschedules if `reschedule` is set.
void hart_interrupt(uint32_t index);
// The same for all harts but this one and those asleep; returns when each has taken it.
void hart_interrupt_all(void);
// Serves what other harts asked of this one. Interrupts off.
void hart_serve(void);
// Sleeps until an interrupt is pending (interrupts are off, wfi does not need them on).
void hart_sleep(struct hart *hart);
// sfence.vma, and fence.i if asked for, on the harts of TARGETS (a bit for each index). A hart
// asleep does it before anything else when it wakes, one that waits for a lock does it there: locks
// may be held.
void hart_fence(uint64_t targets, bool instructions);

// Makes satp hold SATP on this hart. Interrupts off.
void hart_set_satp(struct hart *hart, uint64_t satp);
// Core tasks run in whatever satp is there. Makes all harts leave this one, before its root is
// freed; no task of it may be ready or run any more. No lock held.
void hart_leave_satp(uint64_t satp);
