// SPDX-License-Identifier: MIT
// newlib's locks: around the heap, the environment, the time zone, streams. The word is 1 while
// somebody has it, 2 if somebody may wait; all of them are recursive, which newlib's others do not
// mind. The names that begin with two underscores are newlib's.
#include "newlib_lock.h"
#include "stream.h"

#include <stddef.h>
#include <stdlib.h>
#include "futex.h"
#include "thread.h"

struct __lock {
    atomic_uint word;
    unsigned depth;
    struct __pthread *_Atomic owner;
};

struct __lock __lock___sinit_recursive_mutex, __lock___sfp_recursive_mutex,
    __lock___atexit_recursive_mutex, __lock___at_quick_exit_mutex, __lock___malloc_recursive_mutex,
    __lock___env_recursive_mutex, __lock___tz_mutex, __lock___dd_hash_mutex,
    __lock___arc4random_mutex;

/* In the order in which newlib takes them. */
static struct __lock *const all[] = {
    &__lock___atexit_recursive_mutex,
    &__lock___at_quick_exit_mutex,
    &__lock___tz_mutex,
    &__lock___env_recursive_mutex,
    &__lock___dd_hash_mutex,
    &__lock___arc4random_mutex,
    &__lock___sfp_recursive_mutex,
    &__lock___sinit_recursive_mutex,
    &__lock___malloc_recursive_mutex,
};
#define LOCKS (sizeof all / sizeof *all)

static bool try_take(struct __lock *lock, struct __pthread *self)
{
    unsigned free = 0;
    if (atomic_load_explicit(&lock->owner, memory_order_relaxed) == self) {
        lock->depth++;
        return true;
    }
    if (!atomic_compare_exchange_strong_explicit(&lock->word, &free, 1, memory_order_acquire,
                                                 memory_order_relaxed))
        return false;
    atomic_store_explicit(&lock->owner, self, memory_order_relaxed);
    return true;
}

static void take_slowly(struct __lock *lock, struct __pthread *self)
{
    const struct futex_limit for_ever = {0};
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0)
        futex_wait(&lock->word, 2, &for_ever);
    atomic_store_explicit(&lock->owner, self, memory_order_relaxed);
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    struct __pthread *self = thread_self();
    if (!try_take(lock, self))
        take_slowly(lock, self);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    __retarget_lock_acquire_recursive(lock);
}

bool newlib_lock_try(_LOCK_T lock)
{
    return try_take(lock, thread_self());
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    return newlib_lock_try(lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return newlib_lock_try(lock);
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    if (lock->depth) {
        lock->depth--;
        return;
    }
    atomic_store_explicit(&lock->owner, NULL, memory_order_relaxed);
    if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2)
        futex_wake(&lock->word, 1, false);
}

void __retarget_lock_release(_LOCK_T lock)
{
    __retarget_lock_release_recursive(lock);
}

/* ---- Locks of streams: made with each. The three standard ones take no memory from the heap ----
 */

#define STANDARD_STREAMS 3

/* The one behind them is for where memory has run out: many streams have it, slowly but rightly. */
static struct __lock standard[STANDARD_STREAMS + 1];
static atomic_uint standard_used;

static bool is_of_heap(const struct __lock *lock)
{
    return lock < standard || lock > standard + STANDARD_STREAMS;
}

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    streams_end = streams_finish; /* streams are what newlib makes locks for */
    unsigned number = atomic_load(&standard_used);
    if (number < STANDARD_STREAMS &&
        atomic_compare_exchange_strong(&standard_used, &number, number + 1)) {
        *lock = &standard[number];
        return;
    }
    struct __lock *new = calloc(1, sizeof *new);
    *lock = new ? new : &standard[STANDARD_STREAMS];
}

void __retarget_lock_init(_LOCK_T *lock)
{
    __retarget_lock_init_recursive(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    if (is_of_heap(lock))
        free(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
    __retarget_lock_close_recursive(lock);
}

/* ---- Forks ---- */

void newlib_locks_take(void)
{
    for (size_t i = 0; i < LOCKS; i++)
        __retarget_lock_acquire_recursive(all[i]);
}

void newlib_locks_release(void)
{
    for (size_t i = LOCKS; i-- > 0;)
        __retarget_lock_release_recursive(all[i]);
}

void newlib_lock_forget(_LOCK_T lock)
{
    if (lock->owner == thread_self())
        return;
    lock->word = 0;
    lock->depth = 0;
    lock->owner = NULL;
}
