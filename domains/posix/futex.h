// SPDX-License-Identifier: MIT
// Futexes: threads that sleep until somebody wakes those at a word of user memory (futex(2)). The
// words are the programs'; here is only who sleeps where, in the order in which they came.
//
// A thread that leaves in the middle of its wait, for an update or to stop, stays in the queue:
// whoever wakes it meanwhile is not lost, and its repeated call finds out. A wait ends when it was
// woken, when its time is over, or when a signal's handler runs (futex_settle) or the thread ends.
// Lock: futex_lock, a leaf; copies from and to user memory are made with it.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct thread;
struct state_writer;
struct state_reader;

enum futex_state { FUTEX_IDLE, FUTEX_WAITING, FUTEX_WOKEN };

// What names a word: a process and an address, or a shared mapping and the place in it (memory.h).
struct futex_key {
    uint64_t object, address;
};

struct futex_wait {
    uint32_t state; // enum futex_state, under futex_lock; the thread itself may look at any time
    uint32_t bitset;
    struct futex_key key;
    uint64_t order; // who came earlier is woken first
    struct thread *next;
};

// How an interrupted call ends now that a handler runs: RESULT, or 0 if it was a wait that somebody
// had woken already. It is no longer in a queue.
int64_t futex_settle(struct thread *thread, int64_t result);

// What a thread's end means to others: it gives up what it holds of its robust list, and tells who
// waits for its end (clear_tid).
void futex_thread_ends(struct thread *thread);

// A thread's wait has been read from a predecessor's state: it sleeps there again.
void futex_restore(struct thread *thread);
