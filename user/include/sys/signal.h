// SPDX-License-Identifier: MIT
// Signals with Linux's numbers and flags (asm-generic/signal.h, siginfo.h).
#pragma once

#include <sys/types.h>
#include <sys/_sigset.h>
#include <sys/_timespec.h>

#ifndef _SIGSET_T_DECLARED
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGIOT    SIGABRT
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPOLL   SIGIO
#define SIGPWR    30
#define SIGSYS    31
#define SIGRTMIN  34 /* those below are the library's own: cancellation, and one to spare */
#define SIGRTMAX  64
#define NSIG      65

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SA_NOCLDSTOP 0x00000001
#define SA_NOCLDWAIT 0x00000002
#define SA_SIGINFO   0x00000004
#define SA_ONSTACK   0x08000000
#define SA_RESTART   0x10000000
#define SA_NODEFER   0x40000000
#define SA_RESETHAND 0x80000000

#define SS_ONSTACK  1
#define SS_DISABLE  2
#define MINSIGSTKSZ 2048
#define SIGSTKSZ    8192

#define SI_USER   0
#define SI_KERNEL 0x80

union sigval {
    int sival_int;
    void *sival_ptr;
};

/* si_pid, si_uid and si_status are set for SIGCHLD and kill(); si_addr for faults. */
typedef struct {
    int si_signo;
    int si_errno;
    int si_code;
    int __pad;
    union {
        char __size[112];
        struct {
            pid_t __pid;
            uid_t __uid;
            int __status;
        } __sender;
        void *__address;
    } __detail;
} siginfo_t;

#define si_pid    __detail.__sender.__pid
#define si_uid    __detail.__sender.__uid
#define si_status __detail.__sender.__status
#define si_addr   __detail.__address

typedef void (*_sig_func_ptr)(int);

struct sigaction {
    union {
        _sig_func_ptr __handler;
        void (*__action)(int, siginfo_t *, void *);
    } __call;
    sigset_t sa_mask;
    int sa_flags;
};

#define sa_handler   __call.__handler
#define sa_sigaction __call.__action

typedef struct sigaltstack {
    void *ss_sp;
    int ss_flags;
    size_t ss_size;
} stack_t;

int kill(pid_t pid, int number);
int killpg(pid_t group, int number);
int sigaction(int number, const struct sigaction *action, struct sigaction *previous);
int sigprocmask(int how, const sigset_t *set, sigset_t *previous);
int pthread_sigmask(int how, const sigset_t *set, sigset_t *previous);
int pthread_kill(pthread_t thread, int number);
int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *set);
int sigaltstack(const stack_t *stack, stack_t *previous);
int sigaddset(sigset_t *set, int number);
int sigdelset(sigset_t *set, int number);
int sigismember(const sigset_t *set, int number);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);

#ifdef _COMPILING_NEWLIB
int _kill(pid_t pid, int number);
#endif

#ifndef _SIGNAL_H_
#include <signal.h>
#endif
