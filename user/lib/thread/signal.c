// SPDX-License-Identifier: MIT
// Signals to a thread, and of a thread.
#include <signal.h>
#include <unistd.h>
#include "../syscall.h"
#include "cancellation.h"
#include "futex.h"

/* A thread that has ended and was not joined yet gets nothing, and that is no error. */
int pthread_kill(pthread_t thread, int number)
{
    long result = system_call_raw(CALL_tgkill, getpid(), thread_number(thread), number, 0, 0, 0);
    return result == -ESRCH && atomic_load(&thread->mode) == THREAD_ENDED ? 0 : (int)-result;
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *previous)
{
    return (int)-system_call_raw(CALL_rt_sigprocmask, how, (long)set, (long)previous, sizeof *set,
                                 0, 0);
}

int raise(int number)
{
    int error = pthread_kill(thread_self(), number);
    if (error)
        errno = error;
    return error ? -1 : 0;
}
