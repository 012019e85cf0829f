// SPDX-License-Identifier: MIT
// Cancellation. A system call that is a cancellation point goes through cancellation.S: it looks at
// the thread's mark right before the trap, and the signal that pthread_cancel() sends finds out by
// the pc whether the call had been made. So no cancellation is missed, and no call that has done
// something is cancelled after it.
#pragma once

#ifdef __ASSEMBLER__
#define CANCEL_OFFSET -24 /* of the word `cancel` in struct thread_head, from tp */
#define CANCELLED     -4095
#else

#include <errno.h>
#include <stdbool.h>
#include "thread.h"

#define CANCELLED (-4095) /* no error number of the kernel's */
#define SIGCANCEL 32      /* the library's own; SIGRTMIN comes after it */

/* The plain call, and one that is a cancellation point: the kernel's result, or CANCELLED. */
long system_call_raw(long number, long a0, long a1, long a2, long a3, long a4, long a5);
long system_call_cancellable(long number, long a0, long a1, long a2, long a3, long a4, long a5);

static inline bool cancel_is_due(const struct __pthread *self)
{
    return (atomic_load_explicit(&self->head->cancel, memory_order_relaxed) &
            (CANCEL_PENDING | CANCEL_DISABLED)) == CANCEL_PENDING;
}

/* Whether a call with this result was given up for a cancellation. */
static inline bool is_cancelled(long result)
{
    return result == CANCELLED || (result == -EINTR && cancel_is_due(thread_self()));
}

#endif
