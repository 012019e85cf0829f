// SPDX-License-Identifier: MIT
// Signals. Linux on riscv64 lets a handler return into a page that the kernel maps; a kernel that
// does not have one finds the address of our own in `restorer`, announced by SA_RESTORER.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "syscall.h"

#define SA_RESTORER 0x04000000

/* The structure that the system call takes. */
struct kernel_sigaction {
    void *handler;
    unsigned long flags;
    sigset_t mask;
    void (*restorer)(void);
};

void signal_restore(void);

int sigaction(int number, const struct sigaction *action, struct sigaction *previous)
{
    struct kernel_sigaction new = {0}, old = {0};
    if (action) {
        new.handler = action->sa_handler;
        new.flags = (unsigned int)action->sa_flags | SA_RESTORER;
        new.mask = action->sa_mask;
        new.restorer = signal_restore;
    }
    long result = SYSCALL4(rt_sigaction, number, action ? &new : NULL, &old, sizeof(sigset_t));
    if (result == 0 && previous) {
        previous->sa_handler = old.handler;
        previous->sa_flags = (int)(old.flags & ~(unsigned long)SA_RESTORER);
        previous->sa_mask = old.mask;
    }
    return (int)result;
}

_sig_func_ptr signal(int number, _sig_func_ptr handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, previous;
    return sigaction(number, &action, &previous) == 0 ? previous.sa_handler : SIG_ERR;
}

int killpg(pid_t group, int number)
{
    return kill(-group, number);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *previous)
{
    return (int)SYSCALL4(rt_sigprocmask, how, set, previous, sizeof *set);
}

int sigpending(sigset_t *set)
{
    return (int)SYSCALL2(rt_sigpending, set, sizeof *set);
}

int sigsuspend(const sigset_t *set)
{
    return (int)POINT(rt_sigsuspend, set, sizeof *set, 0, 0, 0, 0);
}

int pause(void)
{
    sigset_t current;
    sigprocmask(SIG_BLOCK, NULL, &current);
    return sigsuspend(&current);
}

int __signal_mask_save(sigjmp_buf buffer, int save)
{
    buffer->__has_mask = save;
    return save ? sigprocmask(SIG_BLOCK, NULL, &buffer->__mask) : 0;
}

void siglongjmp(sigjmp_buf buffer, int value)
{
    if (buffer->__has_mask)
        sigprocmask(SIG_SETMASK, &buffer->__mask, NULL);
    longjmp(buffer->__context, value);
}

static int set_change(sigset_t *set, int number, int member)
{
    if (number < 1 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    sigset_t bit = 1UL << (number - 1);
    *set = member ? *set | bit : *set & ~bit;
    return 0;
}

int sigaddset(sigset_t *set, int number)
{
    return set_change(set, number, 1);
}

int sigdelset(sigset_t *set, int number)
{
    return set_change(set, number, 0);
}

int sigismember(const sigset_t *set, int number)
{
    return number >= 1 && number < NSIG && ((*set >> (number - 1)) & 1);
}

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

/* All but the two that are the library's own. */
int sigfillset(sigset_t *set)
{
    *set = ~(3UL << (SIGRTMIN - 3));
    return 0;
}

/* What strsignal() of newlib would say has no Linux numbers in it. */
static const char *const signal_texts[] = {
    [SIGHUP] = "Hangup",
    [SIGINT] = "Interrupt",
    [SIGQUIT] = "Quit",
    [SIGILL] = "Illegal instruction",
    [SIGTRAP] = "Trace trap",
    [SIGABRT] = "Aborted",
    [SIGBUS] = "Bus error",
    [SIGFPE] = "Arithmetic exception",
    [SIGKILL] = "Killed",
    [SIGUSR1] = "User signal 1",
    [SIGSEGV] = "Segmentation fault",
    [SIGUSR2] = "User signal 2",
    [SIGPIPE] = "Broken pipe",
    [SIGALRM] = "Alarm clock",
    [SIGTERM] = "Terminated",
    [SIGSTKFLT] = "Stack fault",
    [SIGCHLD] = "Child status changed",
    [SIGCONT] = "Continued",
    [SIGSTOP] = "Stopped (signal)",
    [SIGTSTP] = "Stopped",
    [SIGTTIN] = "Stopped (tty input)",
    [SIGTTOU] = "Stopped (tty output)",
    [SIGURG] = "Urgent condition",
    [SIGXCPU] = "CPU time limit exceeded",
    [SIGXFSZ] = "File size limit exceeded",
    [SIGVTALRM] = "Virtual timer expired",
    [SIGPROF] = "Profiling timer expired",
    [SIGWINCH] = "Window size changed",
    [SIGIO] = "Input or output possible",
    [SIGPWR] = "Power failure",
    [SIGSYS] = "Bad system call",
};

char *strsignal(int number)
{
    int known = number > 0 && number <= SIGSYS;
    return (char *)(known ? signal_texts[number] : "Unknown signal");
}
