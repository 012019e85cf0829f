// SPDX-License-Identifier: MIT
// Waiting for a word of memory to change, by the kernel's futexes. Nobody calls these where nothing
// is to wait for.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct futex_limit {
    clockid_t clock;             /* CLOCK_REALTIME or CLOCK_MONOTONIC */
    const struct timespec *time; /* absolute; NULL: for ever */
    bool is_shared;              /* the word lies in memory that processes share */
    bool may_cancel;             /* a cancellation of the caller ends the wait */
};

/* Sleeps if *WORD is VALUE, until woken. 0 where the caller should look again; ETIMEDOUT; EINVAL
   for an impossible time; ECANCELED (may_cancel): the caller tidies up and calls
   pthread_testcancel(). */
int futex_wait(const atomic_uint *word, uint32_t value, const struct futex_limit *limit);

/* Wakes up to COUNT of those that wait. The memory need not be there any more. */
void futex_wake(const atomic_uint *word, int count, bool is_shared);

/* Threads that are inside of an object: one who destroys it waits until they have left it. */
void visitors_enter(atomic_uint *visitors);
void visitors_leave(atomic_uint *visitors, bool is_shared);
void visitors_await(atomic_uint *visitors, bool is_shared);

/* A member of one of the types in sys/_pthreadtypes.h, which C++ and newlib see as a plain number.
 */
static inline atomic_uint *word_of(uint32_t *member)
{
    return (atomic_uint *)member;
}
