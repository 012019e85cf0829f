// SPDX-License-Identifier: MIT
// Semaphores. The value and the number of those that wait are one word, so that who posts knows
// from one access whether to wake somebody: the semaphore may be gone right after.
#include <errno.h>
#include <semaphore.h>
#include "cancellation.h"
#include "futex.h"

#define ONE_WAITER (1ull << 32)
#define VALUE(x)   ((uint32_t)(x))

static _Atomic uint64_t *state_of(sem_t *semaphore)
{
    return (_Atomic uint64_t *)&semaphore->__state;
}

/* The lower half, where the value is. */
static const atomic_uint *value_of(sem_t *semaphore)
{
    return (const atomic_uint *)&semaphore->__state;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

int sem_init(sem_t *semaphore, int shared, unsigned value)
{
    if (value > SEM_VALUE_MAX)
        return fail(EINVAL);
    *semaphore = (sem_t){.__state = value, .__is_shared = shared != 0};
    return 0;
}

int sem_destroy(sem_t *semaphore)
{
    (void)semaphore;
    return 0;
}

/* Takes one if there is one, and LESS besides. */
static bool take(sem_t *semaphore, uint64_t less)
{
    uint64_t state = atomic_load_explicit(state_of(semaphore), memory_order_relaxed);
    while (VALUE(state))
        if (atomic_compare_exchange_weak_explicit(state_of(semaphore), &state, state - 1 - less,
                                                  memory_order_acquire, memory_order_relaxed))
            return true;
    return false;
}

int sem_trywait(sem_t *semaphore)
{
    return take(semaphore, 0) ? 0 : fail(EAGAIN);
}

static int wait_until(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
    const struct futex_limit limit = {clock, until, semaphore->__is_shared, true};
    pthread_testcancel();
    if (take(semaphore, 0))
        return 0;
    atomic_fetch_add(state_of(semaphore), ONE_WAITER);
    while (!take(semaphore, ONE_WAITER)) {
        int result = futex_wait(value_of(semaphore), 0, &limit);
        if (!result)
            continue;
        atomic_fetch_sub(state_of(semaphore), ONE_WAITER);
        if (result == ECANCELED)
            pthread_testcancel();
        return fail(result);
    }
    return 0;
}

int sem_wait(sem_t *semaphore)
{
    return wait_until(semaphore, CLOCK_MONOTONIC, NULL);
}

int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
    return wait_until(semaphore, clock, until);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until)
{
    return wait_until(semaphore, CLOCK_REALTIME, until);
}

int sem_post(sem_t *semaphore)
{
    bool is_shared = semaphore->__is_shared;
    uint64_t state = atomic_load_explicit(state_of(semaphore), memory_order_relaxed);
    do {
        if (VALUE(state) == SEM_VALUE_MAX)
            return fail(EOVERFLOW);
    } while (!atomic_compare_exchange_weak(state_of(semaphore), &state, state + 1));
    if (state >= ONE_WAITER)
        futex_wake(value_of(semaphore), 1, is_shared);
    return 0;
}

int sem_getvalue(sem_t *semaphore, int *value)
{
    *value = (int)VALUE(atomic_load(state_of(semaphore)));
    return 0;
}
