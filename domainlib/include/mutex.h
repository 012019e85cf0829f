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

// Sleeps until the mutex is free, whatever kicks the thread meanwhile. Not recursive.
void mutex_lock(struct mutex *mutex);
// The same until DEADLINE (nanoseconds since boot). Returns whether it was locked.
bool mutex_lock_until(struct mutex *mutex, uint64_t deadline);

bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
