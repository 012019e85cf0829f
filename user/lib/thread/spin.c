// SPDX-License-Identifier: MIT
// Spin locks: the word is 1 while somebody has it. Who has tried for a while lets others run, for
// the owner may wait for this hart.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include "futex.h"

#define TRIES 100

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
    (void)shared; /* the same for both */
    *lock = 0;
    return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
    (void)lock;
    return 0;
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
    return atomic_exchange_explicit(word_of(lock), 1, memory_order_acquire) ? EBUSY : 0;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
    for (unsigned tries = 1; pthread_spin_trylock(lock) != 0; tries++) {
        while (tries % TRIES && atomic_load_explicit(word_of(lock), memory_order_relaxed))
            tries++;
        if (tries % TRIES == 0)
            sched_yield();
    }
    return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    atomic_store_explicit(word_of(lock), 0, memory_order_release);
    return 0;
}
