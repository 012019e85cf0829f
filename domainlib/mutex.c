// SPDX-License-Identifier: MIT
#include "mutex.h"
#include "core.h"

// The event to sleep on, as handle + 1; 0 where the domain may have no more events.
static uint32_t sleep_event(struct mutex *mutex)
{
    uint32_t event = mutex->event;
    if (event)
        return event;
    int64_t created = core_event_create();
    if (created < 0)
        return 0;
    if (__atomic_compare_exchange_n(&mutex->event, &event, (uint32_t)created + 1, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return (uint32_t)created + 1;
    core_handle_close((handle_t)created); // another thread was faster
    return event;
}

// One attempt to take the mutex as MUTEX_CONTENDED, and a sleep if it failed. The count is read
// before the attempt: an unlock between the two changes it, so the wake-up cannot be missed. Also
// yields: a kick that stays pending would turn the wait into a busy loop.
static bool take_or_sleep(struct mutex *mutex, uint64_t deadline)
{
    uint32_t event = sleep_event(mutex);
    struct wait_item item = {.event = event - 1};
    if (event)
        item.seen = (uint64_t)core_event_count(item.event);
    if (__atomic_exchange_n(&mutex->word, MUTEX_CONTENDED, __ATOMIC_ACQUIRE) == MUTEX_FREE)
        return true;
    if (!event || core_wait(&item, 1, deadline) < 0)
        core_yield();
    return false;
}

bool mutex_trylock(struct mutex *mutex)
{
    uint32_t expected = MUTEX_FREE;
    return __atomic_compare_exchange_n(&mutex->word, &expected, MUTEX_LOCKED, false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void mutex_lock_late(struct mutex *mutex)
{
    while (!take_or_sleep(mutex, WAIT_FOREVER))
        ;
}

bool mutex_lock_until(struct mutex *mutex, uint64_t deadline)
{
    if (mutex_trylock(mutex))
        return true;
    while (!take_or_sleep(mutex, deadline))
        if (core_time() >= deadline)
            return false;
    return true;
}

void mutex_wake(const struct mutex *mutex)
{
    // With no event, the sleepers yield instead and need no wake-up.
    uint32_t event = mutex->event;
    if (event)
        core_event_signal(event - 1);
}
