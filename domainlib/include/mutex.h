// SPDX-License-Identifier: MIT
// A mutex for the threads of one domain: a word that is 0 (free), 1 (locked) or 2 (locked, somebody
// may sleep), and an event to sleep on, made by the first that must (after Drepper, "Futexes Are
// Tricky", 2011, mutex 2). All-zero bytes are a free mutex.
//
// Callers migrate in from every hart and are preempted anywhere, so shared data needs one. Do not
// hold one across a call into another domain: whoever waits for it is charged the wait. A holder
// that is aborted takes the whole instance with it, so nobody ever finds a mutex abandoned.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct mutex {
    _Atomic uint32_t word;
    _Atomic uint32_t event; // handle + 1, 0: not made yet
};

enum mutex_word { MUTEX_FREE, MUTEX_LOCKED, MUTEX_CONTENDED };

void mutex_lock_late(struct mutex *mutex);  // of mutex_lock, which was not the first
void mutex_wake(const struct mutex *mutex); // of mutex_unlock: somebody may sleep

// Sleeps until the mutex is free, whatever kicks the thread meanwhile. Not recursive. Where others
// may sleep the exchange hides that, until mutex_lock_late says so again: an unlock between the two
// wakes nobody, but then this thread finds the mutex free, takes it as contended, and its own
// unlock does.
static inline void mutex_lock(struct mutex *mutex)
{
    if (__atomic_exchange_n(&mutex->word, MUTEX_LOCKED, __ATOMIC_ACQUIRE) != MUTEX_FREE)
        mutex_lock_late(mutex);
}

static inline void mutex_unlock(struct mutex *mutex)
{
    if (__atomic_exchange_n(&mutex->word, MUTEX_FREE, __ATOMIC_RELEASE) == MUTEX_CONTENDED)
        mutex_wake(mutex);
}

// The same until DEADLINE (nanoseconds since boot). Returns whether it was locked.
bool mutex_lock_until(struct mutex *mutex, uint64_t deadline);

bool mutex_trylock(struct mutex *mutex);
