// SPDX-License-Identifier: MIT
// The locks inside newlib (sys/lock.h), for those who fork or exit while others hold them.
#pragma once

#include <stdbool.h>
#include <sys/lock.h>

/* Is it free, or the caller's? Then it is the caller's once more. */
bool newlib_lock_try(_LOCK_T lock);

/* Those of the heap, the environment, the list of streams ...: while they are held, what they guard
   is whole. */
void newlib_locks_take(void);
void newlib_locks_release(void);

/* After a fork, in the child: what other threads held, nobody holds. */
void newlib_lock_forget(_LOCK_T lock);
