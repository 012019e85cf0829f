// SPDX-License-Identifier: MIT
#include "cancellation.h"

#include <signal.h>
#include <ucontext.h>
#include <unistd.h>
#include "../syscall.h"

extern char cancellation_begin[], cancellation_made[], cancellation_seen[];

long cancellation_failed(long negative);

static _Noreturn void cancel_self(void)
{
    pthread_exit(PTHREAD_CANCELED);
}

/* cancel_self, once pthread_cancel() may have been called: by this way a program that never calls
   it has cancellation points without the end of a thread and all that this brings along. */
static void (*cancelled)(void);

/* Where a cancellation point ends that did not succeed: in the place of its caller. */
long cancellation_failed(long negative)
{
    if (is_cancelled(negative))
        cancelled();
    errno = (int)-negative;
    return -1;
}

void pthread_testcancel(void)
{
    if (cancel_is_due(thread_self()))
        cancelled();
}

/* The thread was stopped by the signal wherever it was. At a cancellation point that it has not
   passed, it goes to the end of that; if it may be cancelled anywhere, to its own end. Otherwise
   the mark is enough, unless a signal's handler has interrupted a cancellation point: the signal
   comes again, blocked until that handler returns. */
static void cancellation_handler(int number, siginfo_t *info, void *argument)
{
    ucontext_t *context = argument;
    struct __pthread *self = thread_self();
    unsigned long *pc = &context->uc_mcontext.__registers[REG_PC];
    (void)info;
    if (!cancel_is_due(self))
        return;
    if (*pc >= (unsigned long)cancellation_begin && *pc < (unsigned long)cancellation_made) {
        *pc = (unsigned long)cancellation_seen;
    } else if (atomic_load(&self->head->cancel) & CANCEL_ASYNCHRONOUS) {
        context->uc_mcontext.__registers[REG_SP] &= ~15ul;
        *pc = (unsigned long)cancel_self;
    } else {
        sigaddset(&context->uc_sigmask, number);
        SYSCALL2(tkill, thread_number(self), number);
    }
}

static void handler_install(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART};
    cancelled = cancel_self;
    action.sa_sigaction = cancellation_handler;
    sigfillset(&action.sa_mask);
    sigaction(SIGCANCEL, &action, NULL);
}

int pthread_cancel(pthread_t thread)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, handler_install);
    atomic_fetch_or(&thread->head->cancel, CANCEL_PENDING);
    if (thread != thread_self())
        return pthread_kill(thread, SIGCANCEL);
    if (atomic_load(&thread->head->cancel) & CANCEL_ASYNCHRONOUS)
        pthread_testcancel();
    return 0;
}

/* Sets BIT of the thread's mark to VALUE; what it was. */
static bool mark_change(unsigned bit, bool value)
{
    atomic_uint *mark = &thread_self()->head->cancel;
    return (value ? atomic_fetch_or(mark, bit) : atomic_fetch_and(mark, ~bit)) & bit;
}

/* Who may be cancelled anywhere has been, if it was asked for meanwhile. */
static void catch_up(void)
{
    if (atomic_load(&thread_self()->head->cancel) & CANCEL_ASYNCHRONOUS)
        pthread_testcancel();
}

int pthread_setcancelstate(int state, int *previous)
{
    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
        return EINVAL;
    bool old = mark_change(CANCEL_DISABLED, state == PTHREAD_CANCEL_DISABLE);
    if (previous)
        *previous = old ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    catch_up();
    return 0;
}

int pthread_setcanceltype(int type, int *previous)
{
    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
        return EINVAL;
    bool old = mark_change(CANCEL_ASYNCHRONOUS, type == PTHREAD_CANCEL_ASYNCHRONOUS);
    if (previous)
        *previous = old ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED;
    catch_up();
    return 0;
}

/* ---- Cleanup handlers: those of a block, in the frame of its function ---- */

void __cleanup_push(struct __cleanup *cleanup)
{
    struct __pthread *self = thread_self();
    cleanup->__outer = self->cleanups;
    self->cleanups = cleanup;
}

void __cleanup_pop(struct __cleanup *cleanup, int execute)
{
    thread_self()->cleanups = cleanup->__outer;
    if (execute)
        cleanup->__function(cleanup->__argument);
}
