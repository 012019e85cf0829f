// SPDX-License-Identifier: MIT
// Condition variables: a number that each signal increases, and who waits sleeps until it is not
// what it was when he still had the mutex. Those that wait are counted, so that a signal that
// nobody waits for costs no system call, and so that the memory is not given up under them.
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include "futex.h"

static int wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                      const struct timespec *until)
{
    const struct futex_limit limit = {clock, until, condition->__is_shared, true};
    bool is_shared = condition->__is_shared;
    pthread_testcancel();
    visitors_enter(word_of(&condition->__visitors));
    uint32_t sequence = atomic_load(word_of(&condition->__sequence));
    int result = pthread_mutex_unlock(mutex);
    if (result == 0) {
        result = futex_wait(word_of(&condition->__sequence), sequence, &limit);
        /* A signal that has come meanwhile was for this thread as well. */
        if (result == ECANCELED && atomic_load(word_of(&condition->__sequence)) != sequence)
            pthread_cond_signal(condition);
    }
    visitors_leave(word_of(&condition->__visitors), is_shared);
    if (result == EPERM)
        return result;
    int locked = pthread_mutex_lock(mutex);
    if (result == ECANCELED)
        pthread_testcancel();
    return locked ? locked : result;
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    return wait_until(condition, mutex, CLOCK_MONOTONIC, NULL);
}

int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                           const struct timespec *until)
{
    if (until->tv_nsec < 0 || until->tv_nsec >= 1000000000 ||
        (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
        return EINVAL;
    return wait_until(condition, mutex, clock, until);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                           const struct timespec *until)
{
    return pthread_cond_clockwait(condition, mutex, (clockid_t)condition->__clock, until);
}

static int wake(pthread_cond_t *condition, int count)
{
    bool is_shared = condition->__is_shared;
    if (atomic_load(word_of(&condition->__visitors)) == 0)
        return 0;
    atomic_fetch_add(word_of(&condition->__sequence), 1);
    futex_wake(word_of(&condition->__sequence), count, is_shared);
    return 0;
}

int pthread_cond_signal(pthread_cond_t *condition)
{
    return wake(condition, 1);
}

int pthread_cond_broadcast(pthread_cond_t *condition)
{
    return wake(condition, INT_MAX);
}

/* ---- Making ---- */

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    *condition = (pthread_cond_t){0};
    if (attributes) {
        condition->__clock = attributes->__clock;
        condition->__is_shared = attributes->__is_shared;
    }
    return 0;
}

/* Who has been woken may not have left yet. */
int pthread_cond_destroy(pthread_cond_t *condition)
{
    visitors_await(word_of(&condition->__visitors), condition->__is_shared);
    return 0;
}

int pthread_condattr_init(pthread_condattr_t *attributes)
{
    *attributes = (pthread_condattr_t){.__clock = CLOCK_REALTIME};
    return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attributes)
{
    (void)attributes;
    return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    attributes->__clock = (uint32_t)clock;
    return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *attributes, clockid_t *clock)
{
    *clock = (clockid_t)attributes->__clock;
    return 0;
}

int pthread_condattr_setpshared(pthread_condattr_t *attributes, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    attributes->__is_shared = (uint32_t)shared;
    return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *attributes, int *shared)
{
    *shared = (int)attributes->__is_shared;
    return 0;
}
