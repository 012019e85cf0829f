// SPDX-License-Identifier: MIT
#include "ticket.h"

#include "core.h"
#include "thread.h"

// From the clock on: an instance takes far fewer than one in a nanosecond, so that the next one
// begins behind all of its tickets.
uint64_t ticket_take(void)
{
    static uint64_t next;
    uint64_t none = 0;
    if (!__atomic_load_n(&next, __ATOMIC_RELAXED))
        __atomic_compare_exchange_n(&next, &none, core_time() + 1, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED);
    uint64_t number = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
    return number * STACK_THREADS + thread_number();
}
