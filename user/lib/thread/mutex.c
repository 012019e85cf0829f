// SPDX-License-Identifier: MIT
// Mutexes. The word is the owner's number, a mark that somebody waits, and one that the owner ended
// with it: what the kernel expects of robust ones (linux/futex.h), here of all. Who has waited
// takes it with the mark, since there may be others.
#include <errno.h>
#include <stddef.h>
#include "../syscall.h"
#include "cancellation.h"
#include "futex.h"
#include "thread.h"

#define OWNER       0x3FFFFFFFu
#define OWNER_DIED  0x40000000u
#define HAS_WAITERS 0x80000000u

/* `__kind`: the type, and beside it */
#define KIND_TYPE       3u
#define KIND_ROBUST     4u
#define KIND_SHARED     8u
#define KIND_UNREPAIRED 16u /* its owner ended, and nobody has said yet that all is well */
#define KIND_LOST       32u /* and nobody did: it cannot be locked any more */

#define LINK_TO_WORD                                                                               \
    ((long)offsetof(pthread_mutex_t, __word) - (long)offsetof(pthread_mutex_t, __link))

/* ---- Robust ones: the thread's list ---- */

static void list_announce(struct __pthread *self)
{
    self->robust.first.__next = &self->robust.first;
    self->robust.first.__previous = (struct __robust_link *)LINK_TO_WORD;
    system_call_raw(CALL_set_robust_list, (long)&self->robust, sizeof self->robust, 0, 0, 0, 0);
    self->has_robust_list = true;
}

/* The kernel looks at `pending` as well: the mutex that is between the word and the list. */
static void robust_pending(pthread_mutex_t *mutex)
{
    struct __pthread *self = thread_self();
    if (!self->has_robust_list)
        list_announce(self);
    self->robust.pending = mutex ? &mutex->__link : NULL;
    atomic_signal_fence(memory_order_seq_cst);
}

static void robust_add(pthread_mutex_t *mutex)
{
    struct robust_list *list = &thread_self()->robust;
    struct __robust_link *link = &mutex->__link, *next = list->first.__next;
    link->__next = next;
    link->__previous = &list->first;
    if (next != &list->first)
        next->__previous = link;
    atomic_signal_fence(memory_order_seq_cst);
    list->first.__next = link;
}

static void robust_remove(pthread_mutex_t *mutex)
{
    struct __robust_link *link = &mutex->__link;
    link->__previous->__next = link->__next;
    if (link->__next != &thread_self()->robust.first)
        link->__next->__previous = link->__previous;
}

/* ---- Taking ---- */

/* The caller has it already. */
static int relock(pthread_mutex_t *mutex, bool is_try)
{
    switch (mutex->__kind & KIND_TYPE) {
    case PTHREAD_MUTEX_RECURSIVE:
        if (mutex->__depth == UINT32_MAX)
            return EAGAIN;
        mutex->__depth++;
        return 0;
    case PTHREAD_MUTEX_ERRORCHECK:
        return is_try ? EBUSY : EDEADLK;
    }
    return EBUSY; /* and a normal one waits for ever, as POSIX wants it */
}

/* One attempt with MARK beside the own number. 0, EOWNERDEAD, or EBUSY with *WORD as it is. */
static int try_once(pthread_mutex_t *mutex, uint32_t number, uint32_t mark, uint32_t *word)
{
    *word = 0;
    while (!(*word & OWNER)) {
        uint32_t new = number | mark | (*word & HAS_WAITERS);
        if (!atomic_compare_exchange_weak_explicit(word_of(&mutex->__word), word, new,
                                                   memory_order_acquire, memory_order_relaxed))
            continue;
        return *word & OWNER_DIED ? EOWNERDEAD : 0;
    }
    return EBUSY;
}

static int lock_wait(pthread_mutex_t *mutex, uint32_t number, uint32_t word,
                     const struct futex_limit *limit)
{
    for (;;) {
        int result = 0;
        if ((word & HAS_WAITERS) ||
            atomic_compare_exchange_strong(word_of(&mutex->__word), &word, word | HAS_WAITERS))
            result = futex_wait(word_of(&mutex->__word), word | HAS_WAITERS, limit);
        if (result)
            return result;
        result = try_once(mutex, number, HAS_WAITERS, &word);
        if (result != EBUSY)
            return result;
    }
}

/* LIMIT NULL: does not wait. */
static int lock_slowly(pthread_mutex_t *mutex, uint32_t number, const struct futex_limit *limit)
{
    uint32_t word;
    bool is_robust = mutex->__kind & KIND_ROBUST;
    if (is_robust)
        robust_pending(mutex);
    int result = try_once(mutex, number, 0, &word);
    if (result == EBUSY && (word & OWNER) == number) {
        int again = relock(mutex, !limit);
        if (again != EBUSY || !limit) {
            if (is_robust)
                robust_pending(NULL);
            return again;
        }
    }
    if (result == EBUSY && limit)
        result = lock_wait(mutex, number, word, limit);
    if (result == EOWNERDEAD) {
        mutex->__kind |= KIND_UNREPAIRED;
        mutex->__depth = 0;
    }
    if (!is_robust)
        return result;
    if (result == 0 || result == EOWNERDEAD)
        robust_add(mutex);
    robust_pending(NULL);
    if (mutex->__kind & KIND_LOST && result == 0) {
        pthread_mutex_unlock(mutex);
        return ENOTRECOVERABLE;
    }
    return result;
}

static int lock(pthread_mutex_t *mutex, const struct futex_limit *limit)
{
    uint32_t expected = 0, number = thread_self_number();
    if (!(mutex->__kind & KIND_ROBUST) &&
        atomic_compare_exchange_strong_explicit(word_of(&mutex->__word), &expected, number,
                                                memory_order_acquire, memory_order_relaxed))
        return 0;
    return lock_slowly(mutex, number, limit);
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    return lock(mutex, &(struct futex_limit){.is_shared = mutex->__kind & KIND_SHARED});
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    return lock(mutex, NULL);
}

int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until)
{
    return lock(mutex, &(struct futex_limit){.clock = clock,
                                             .time = until,
                                             .is_shared = mutex->__kind & KIND_SHARED});
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, until);
}

/* ---- Giving back ---- */

/* Where the type wants to know whose it is. *IS_DONE: it was locked several times. */
static int unlock_check(pthread_mutex_t *mutex, bool *is_done)
{
    uint32_t word = atomic_load_explicit(word_of(&mutex->__word), memory_order_relaxed);
    if ((word & OWNER) != thread_self_number())
        return EPERM;
    *is_done = mutex->__depth != 0;
    mutex->__depth -= *is_done;
    return 0;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    uint32_t kind = mutex->__kind;
    bool is_done = false;
    if (kind != PTHREAD_MUTEX_NORMAL && kind != KIND_SHARED) {
        int result = unlock_check(mutex, &is_done);
        if (result || is_done)
            return result;
    }
    if (kind & KIND_UNREPAIRED)
        mutex->__kind = (kind & ~KIND_UNREPAIRED) | KIND_LOST;
    if (kind & KIND_ROBUST) {
        robust_pending(mutex);
        robust_remove(mutex);
    }
    /* The last access: whoever gets it may free it. */
    uint32_t old = atomic_exchange_explicit(word_of(&mutex->__word), 0, memory_order_release);
    if (old & HAS_WAITERS)
        futex_wake(word_of(&mutex->__word), 1, kind & KIND_SHARED);
    if (kind & KIND_ROBUST)
        robust_pending(NULL);
    return 0;
}

int pthread_mutex_consistent(pthread_mutex_t *mutex)
{
    if (!(mutex->__kind & KIND_UNREPAIRED))
        return EINVAL;
    mutex->__kind &= ~KIND_UNREPAIRED;
    return 0;
}

/* ---- Making ---- */

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    *mutex = (pthread_mutex_t){.__kind = attributes ? attributes->__kind : 0};
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    return atomic_load(word_of(&mutex->__word)) & OWNER ? EBUSY : 0;
}

int pthread_mutexattr_init(pthread_mutexattr_t *attributes)
{
    *attributes = (pthread_mutexattr_t){0};
    return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attributes)
{
    (void)attributes;
    return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attributes, int type)
{
    if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK)
        return EINVAL;
    attributes->__kind = (attributes->__kind & ~KIND_TYPE) | (uint32_t)type;
    return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *attributes, int *type)
{
    *type = (int)(attributes->__kind & KIND_TYPE);
    return 0;
}

/* VALUE is 0, or 1 for the property BIT. */
static int kind_set(pthread_mutexattr_t *attributes, uint32_t bit, int value)
{
    if (value != 0 && value != 1)
        return EINVAL;
    attributes->__kind = value ? attributes->__kind | bit : attributes->__kind & ~bit;
    return 0;
}

int pthread_mutexattr_setrobust(pthread_mutexattr_t *attributes, int robust)
{
    return kind_set(attributes, KIND_ROBUST, robust);
}

int pthread_mutexattr_getrobust(const pthread_mutexattr_t *attributes, int *robust)
{
    *robust = (attributes->__kind & KIND_ROBUST) != 0;
    return 0;
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *attributes, int shared)
{
    return kind_set(attributes, KIND_SHARED, shared);
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *attributes, int *shared)
{
    *shared = (attributes->__kind & KIND_SHARED) != 0;
    return 0;
}
