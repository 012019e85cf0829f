// SPDX-License-Identifier: MIT
// Locks for many readers or one writer. The word counts the readers, and has a mark for a writer
// and one that somebody waits. Readers go before writers, as with glibc: who reads may lock again
// to read while a writer waits.
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include "futex.h"
#include "thread.h"

#define WRITER      0x40000000u
#define HAS_WAITERS 0x80000000u
#define READERS     0x3FFFFFFFu

/* The word with one more holder of the kind; WORD itself: somebody is in the way. */
static uint32_t with_holder(uint32_t word, bool writes)
{
    if (word & WRITER)
        return word;
    if (writes)
        return word & READERS ? word : word | WRITER;
    return (word & READERS) == READERS ? word : word + 1;
}

static int try_lock(pthread_rwlock_t *lock, bool writes, uint32_t *word)
{
    *word = atomic_load_explicit(word_of(&lock->__word), memory_order_relaxed);
    for (;;) {
        uint32_t new = with_holder(*word, writes);
        if (new == *word)
            return (*word & READERS) == READERS ? EAGAIN : EBUSY;
        if (atomic_compare_exchange_weak_explicit(word_of(&lock->__word), word, new,
                                                  memory_order_acquire, memory_order_relaxed))
            break;
    }
    if (writes)
        atomic_store_explicit(word_of(&lock->__writer), thread_self_number(), memory_order_relaxed);
    return 0;
}

static int lock_until(pthread_rwlock_t *lock, bool writes, const struct timespec *until)
{
    const struct futex_limit limit = {CLOCK_REALTIME, until, lock->__is_shared, false};
    uint32_t word;
    for (;;) {
        int result = try_lock(lock, writes, &word);
        if (result != EBUSY)
            return result;
        if ((word & WRITER) && atomic_load_explicit(word_of(&lock->__writer),
                                                    memory_order_relaxed) == thread_self_number())
            return EDEADLK;
        if ((word & HAS_WAITERS) ||
            atomic_compare_exchange_strong(word_of(&lock->__word), &word, word | HAS_WAITERS))
            result = futex_wait(word_of(&lock->__word), word | HAS_WAITERS, &limit);
        if (result != EBUSY && result != 0)
            return result;
    }
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    return lock_until(lock, false, NULL);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *lock, const struct timespec *until)
{
    return lock_until(lock, false, until);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
    uint32_t word;
    return try_lock(lock, false, &word);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    return lock_until(lock, true, NULL);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *lock, const struct timespec *until)
{
    return lock_until(lock, true, until);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
    uint32_t word;
    return try_lock(lock, true, &word);
}

/* The last to leave clears the mark and wakes all: they set it again if they have to. */
int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    bool is_shared = lock->__is_shared;
    uint32_t new, word = atomic_load_explicit(word_of(&lock->__word), memory_order_relaxed);
    if (word & WRITER)
        atomic_store_explicit(word_of(&lock->__writer), 0, memory_order_relaxed);
    do {
        if (!(word & (WRITER | READERS)))
            return EPERM;
        new = (word & WRITER) || (word & READERS) == 1 ? 0 : word - 1;
    } while (!atomic_compare_exchange_weak_explicit(word_of(&lock->__word), &word, new,
                                                    memory_order_release, memory_order_relaxed));
    if (!new && (word & HAS_WAITERS))
        futex_wake(word_of(&lock->__word), INT_MAX, is_shared);
    return 0;
}

/* ---- Making ---- */

int pthread_rwlock_init(pthread_rwlock_t *lock, const pthread_rwlockattr_t *attributes)
{
    *lock = (pthread_rwlock_t){.__is_shared = attributes ? attributes->__is_shared : 0};
    return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
    return atomic_load(word_of(&lock->__word)) & (WRITER | READERS) ? EBUSY : 0;
}

int pthread_rwlockattr_init(pthread_rwlockattr_t *attributes)
{
    *attributes = (pthread_rwlockattr_t){0};
    return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attributes)
{
    (void)attributes;
    return 0;
}

int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attributes, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    attributes->__is_shared = (uint32_t)shared;
    return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *attributes, int *shared)
{
    *shared = (int)attributes->__is_shared;
    return 0;
}
