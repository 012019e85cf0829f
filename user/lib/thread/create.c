// SPDX-License-Identifier: MIT
// The life of a thread: made, ended, waited for.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../syscall.h"
#include "cancellation.h"
#include "futex.h"
#include "thread.h"

#define STACK_DEFAULT (256ul * 1024)

/* linux/sched.h: memory, directory, files, handlers, thread, semaphores; tp, the number told to who
   makes it, a word cleared at the end. */
#define CLONE_FLAGS (0x50F00 | 0x80000 | 0x100000 | 0x200000)

long thread_clone(long flags, void *stack, atomic_uint *parent_tid, void *tp, atomic_uint *cleared,
                  void (*entry)(struct __pthread *), struct __pthread *argument);

atomic_uint thread_count = 1;

/* ---- Beginning ---- */

static void thread_begin(struct __pthread *self)
{
    pthread_exit(self->function(self->argument));
}

static struct __pthread *thread_make(const pthread_attr_t *attributes)
{
    if (!attributes || !attributes->__stack)
        return block_take(attributes && attributes->__stack_size ? attributes->__stack_size
                                                                 : STACK_DEFAULT);
    char *stack = attributes->__stack;
    struct __pthread *thread = thread_lay_out(stack, stack + attributes->__stack_size);
    if (thread)
        thread->has_stack_of_caller = true;
    return thread;
}

static void thread_unmake(struct __pthread *thread)
{
    if (!thread->has_stack_of_caller)
        block_give(thread);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
                   void *argument)
{
    struct __pthread *new = thread_make(attributes);
    if (!new)
        return EAGAIN;
    new->function = function;
    new->argument = argument;
    new->mode = attributes && attributes->__is_detached ? THREAD_DETACHED : THREAD_JOINABLE;
    *thread = new;
    atomic_fetch_add(&thread_count, 1);
    long result =
        thread_clone(CLONE_FLAGS, new, &new->tid, new->head + 1, &new->alive, thread_begin, new);
    if (result >= 0)
        return 0;
    atomic_fetch_sub(&thread_count, 1);
    new->alive = 0;
    thread_unmake(new);
    return EAGAIN;
}

/* ---- End ---- */

void pthread_exit(void *result)
{
    struct __pthread *self = thread_self();
    atomic_fetch_or(&self->head->cancel, CANCEL_DISABLED);
    self->result = result;
    while (self->cleanups)
        __cleanup_pop(self->cleanups, 1);
    values_destroy(self);
    if (atomic_fetch_sub(&thread_count, 1) == 1)
        exit(0);
    _reclaim_reent(self->head->reent);
    if (self->is_of_process) /* whose kernel has not been told the word yet */
        system_call_raw(CALL_set_tid_address, (long)&self->alive, 0, 0, 0, 0, 0);
    if (atomic_exchange(&self->mode, THREAD_ENDED) == THREAD_DETACHED)
        thread_unmake(self);
    for (;;)
        system_call_raw(CALL_exit, 0, 0, 0, 0, 0, 0);
}

int pthread_join(pthread_t thread, void **result)
{
    const struct futex_limit for_ever = {.may_cancel = true};
    if (thread == thread_self())
        return EDEADLK;
    if (atomic_load(&thread->mode) == THREAD_DETACHED)
        return EINVAL;
    pthread_testcancel();
    for (uint32_t alive; (alive = atomic_load(&thread->alive)) != 0;)
        if (futex_wait(&thread->alive, alive, &for_ever) == ECANCELED)
            pthread_testcancel();
    if (result)
        *result = thread->result;
    thread_unmake(thread);
    return 0;
}

int pthread_detach(pthread_t thread)
{
    unsigned expected = THREAD_JOINABLE;
    if (atomic_compare_exchange_strong(&thread->mode, &expected, THREAD_DETACHED))
        return 0;
    if (expected == THREAD_DETACHED)
        return EINVAL;
    thread_unmake(thread);
    return 0;
}

/* ---- Names ---- */

pthread_t pthread_self(void)
{
    return thread_self();
}

int pthread_equal(pthread_t one, pthread_t other)
{
    return one == other;
}

uint32_t thread_number(struct __pthread *thread)
{
    if (!thread->tid)
        thread->tid = (uint32_t)getpid(); /* is_of_process */
    return thread->tid;
}

/* ---- Attributes ---- */

int pthread_attr_init(pthread_attr_t *attributes)
{
    *attributes = (pthread_attr_t){.__stack_size = STACK_DEFAULT};
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attributes)
{
    (void)attributes;
    return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attributes, int state)
{
    if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
        return EINVAL;
    attributes->__is_detached = state == PTHREAD_CREATE_DETACHED;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attributes, int *state)
{
    *state = attributes->__is_detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE;
    return 0;
}

int pthread_attr_setstack(pthread_attr_t *attributes, void *stack, size_t size)
{
    if (size < PTHREAD_STACK_MIN || size > SIZE_MAX / 2)
        return EINVAL;
    attributes->__stack = stack;
    attributes->__stack_size = size;
    return 0;
}

int pthread_attr_getstack(const pthread_attr_t *attributes, void **stack, size_t *size)
{
    *stack = attributes->__stack;
    *size = attributes->__stack_size;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size)
{
    return pthread_attr_setstack(attributes, attributes->__stack, size);
}

int pthread_attr_getstacksize(const pthread_attr_t *attributes, size_t *size)
{
    *size = attributes->__stack_size;
    return 0;
}
