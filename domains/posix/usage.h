// SPDX-License-Identifier: MIT
// CPU time of threads and processes, as the core counts it for each user thread: where it leaves
// its hart, and at ticks, of which each also says for the time until the next one whether that is
// user mode's or the system's.
#pragma once
#include <stdint.h>

struct process;
struct thread;

struct usage {
    uint64_t user, system; // ns
};

static inline void usage_add(struct usage *sum, struct usage part)
{
    sum->user += part.user;
    sum->system += part.system;
}

struct usage thread_usage(const struct thread *thread);
// The calling thread ends, and this is what it has used.
struct usage usage_of_end(void);
// Of all threads that it has or had; process_lock held.
struct usage process_usage(const struct process *process);
// The same of the calling thread's process; takes the lock.
struct usage usage_of_all(const struct thread *thread);

// Writes a struct rusage to the caller's memory, of which nothing else is counted.
int64_t usage_write(struct thread *thread, uint64_t address, struct usage usage);
