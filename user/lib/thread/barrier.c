// SPDX-License-Identifier: MIT
// Barriers: the last to arrive begins the next phase, which the others sleep for.
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include "futex.h"

int pthread_barrier_wait(pthread_barrier_t *barrier)
{
    const struct futex_limit for_ever = {.is_shared = barrier->__is_shared};
    bool is_shared = barrier->__is_shared;
    visitors_enter(word_of(&barrier->__visitors));
    uint32_t phase = atomic_load(word_of(&barrier->__phase));
    bool is_last = atomic_fetch_add(word_of(&barrier->__arrived), 1) + 1 == barrier->__count;
    if (is_last) {
        atomic_store(word_of(&barrier->__arrived), 0);
        atomic_fetch_add(word_of(&barrier->__phase), 1);
        futex_wake(word_of(&barrier->__phase), INT_MAX, is_shared);
    }
    while (atomic_load(word_of(&barrier->__phase)) == phase)
        futex_wait(word_of(&barrier->__phase), phase, &for_ever);
    visitors_leave(word_of(&barrier->__visitors), is_shared);
    return is_last ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

int pthread_barrier_init(pthread_barrier_t *barrier, const pthread_barrierattr_t *attributes,
                         unsigned count)
{
    if (!count)
        return EINVAL;
    *barrier = (pthread_barrier_t){.__count = count,
                                   .__is_shared = attributes ? attributes->__is_shared : 0};
    return 0;
}

/* The others may still be on their way out. */
int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
    if (atomic_load(word_of(&barrier->__arrived)))
        return EBUSY;
    visitors_await(word_of(&barrier->__visitors), barrier->__is_shared);
    return 0;
}

int pthread_barrierattr_init(pthread_barrierattr_t *attributes)
{
    *attributes = (pthread_barrierattr_t){0};
    return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *attributes)
{
    (void)attributes;
    return 0;
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *attributes, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    attributes->__is_shared = (uint32_t)shared;
    return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *attributes, int *shared)
{
    *shared = (int)attributes->__is_shared;
    return 0;
}
