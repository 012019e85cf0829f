// SPDX-License-Identifier: MIT
// Sleeping until somebody else in posix has changed something. Each thread has one event that it
// sleeps on; a queue lists the threads that want to know of a change, so that pipes and processes
// need no events of their own.
//
// The pattern, which misses no wake-up:
//     seen = sleep_prepare(thread); queue_join(queue, &waiter, thread);
//     look at the condition under its lock; if it does not hold: sleep_until(thread, seen,
//     deadline) queue_leave(queue, &waiter);
// Lock: queue_lock, a leaf: nothing is locked or called while it is held.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct thread;

struct waiter {
    struct waiter *next;
    struct thread *thread;
    bool queued; // until somebody wakes it, or it leaves
};

struct wait_queue {
    struct waiter *first;
};

// The waiter must stay where it is until queue_leave, which may follow at any time. A wake-up takes
// it out of the queue: who goes on waiting joins again.
void queue_join(struct wait_queue *queue, struct waiter *waiter, struct thread *thread);
void queue_leave(struct wait_queue *queue, struct waiter *waiter);

// Wakes all threads in the queue; they look for themselves what has changed.
void queue_wake(struct wait_queue *queue);

// The count of the thread's event, to be read before the condition is looked at.
uint64_t sleep_prepare(struct thread *thread);

// Sleeps until the event is signalled. 0, -ETIMEDOUT, or -EINTR when a signal is to be dealt with:
// the system call then undoes what it began, or returns the part done, or -EINTR.
int64_t sleep_until(struct thread *thread, uint64_t seen, uint64_t deadline);

// The same for who joins a queue, looks, and sleeps, over and over: nothing is read before. It may
// return 0 for something that was signalled before the thread joined.
int64_t sleep_again(struct thread *thread);

// Sleeps until one of several events, the thread's own among them, is signalled: its index, or as
// above.
struct wait_item;
int64_t thread_wait(struct thread *thread, const struct wait_item *items, uint32_t count,
                    uint64_t deadline);

// Whether the thread was kicked: it has to leave for an update, or has a signal to deal with.
bool thread_must_leave(struct thread *thread);

// Wakes one thread.
void sleep_end(struct thread *thread);
