// SPDX-License-Identifier: MIT
#include "futex.h"

#include <errno.h>
#include <limits.h>
#include "../syscall.h"
#include "cancellation.h"

/* linux/futex.h */
enum { FUTEX_WAKE = 1, FUTEX_WAIT_BITSET = 9, FUTEX_PRIVATE = 128, FUTEX_CALENDAR = 256 };
#define BITSET_ANY 0xFFFFFFFFu

static bool time_is_possible(const struct timespec *time)
{
    return time->tv_nsec >= 0 && time->tv_nsec < 1000000000;
}

int futex_wait(const atomic_uint *word, uint32_t value, const struct futex_limit *limit)
{
    const struct timespec *time = limit->time;
    long operation = FUTEX_WAIT_BITSET | (limit->is_shared ? 0 : FUTEX_PRIVATE) |
                     (limit->clock == CLOCK_REALTIME ? FUTEX_CALENDAR : 0);
    if (time && !time_is_possible(time))
        return EINVAL;
    if (time && time->tv_sec < 0)
        return ETIMEDOUT;
    long result = limit->may_cancel
                      ? system_call_cancellable(CALL_futex, (long)word, operation, (long)value,
                                                (long)time, 0, BITSET_ANY)
                      : system_call_raw(CALL_futex, (long)word, operation, (long)value, (long)time,
                                        0, BITSET_ANY);
    if (limit->may_cancel && is_cancelled(result))
        return ECANCELED;
    return result == -ETIMEDOUT || result == -EINVAL ? (int)-result : 0;
}

void futex_wake(const atomic_uint *word, int count, bool is_shared)
{
    system_call_raw(CALL_futex, (long)word, FUTEX_WAKE | (is_shared ? 0 : FUTEX_PRIVATE), count, 0,
                    0, 0);
}

/* ---- Visitors: their number, and a mark that somebody waits until there are none ---- */

#define VISITORS_AWAITED 0x80000000u

void visitors_enter(atomic_uint *visitors)
{
    atomic_fetch_add(visitors, 1);
}

/* The last access to the object: it may be gone right after. */
void visitors_leave(atomic_uint *visitors, bool is_shared)
{
    if (atomic_fetch_sub(visitors, 1) == (VISITORS_AWAITED | 1))
        futex_wake(visitors, INT_MAX, is_shared);
}

void visitors_await(atomic_uint *visitors, bool is_shared)
{
    const struct futex_limit for_ever = {.is_shared = is_shared};
    uint32_t now = atomic_fetch_or(visitors, VISITORS_AWAITED) | VISITORS_AWAITED;
    while (now != VISITORS_AWAITED) {
        futex_wait(visitors, now, &for_ever);
        now = atomic_load(visitors);
    }
    atomic_store(visitors, 0);
}
