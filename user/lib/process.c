// SPDX-License-Identifier: MIT
// Processes: exec in all its spellings, waiting, identity, memory break. fork is in thread/fork.c.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "syscall.h"

#define ALIAS(name, target) __typeof__(target) name __attribute__((alias(#target), copy(target)))

void _exit(int status)
{
    for (;;)
        SYSCALL1(exit_group, status);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}
ALIAS(_wait, wait);

pid_t getpgrp(void)
{
    return getpgid(0);
}

int setpgrp(void)
{
    return setpgid(0, 0);
}

int seteuid(uid_t user)
{
    return setresuid((uid_t)-1, user, (uid_t)-1);
}

int setegid(gid_t group)
{
    return setresgid((gid_t)-1, group, (gid_t)-1);
}

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

/* Tries each folder of PATH. A file that may not be run is reported only if no other is found. */
static int exec_search(const char *name, char *const argv[])
{
    const char *path = getenv("PATH");
    int denied = 0;
    for (path = path ? path : "/bin"; path;
         path = strchr(path, ':') ? strchr(path, ':') + 1 : NULL) {
        size_t folder = strcspn(path, ":");
        char full[1024];
        if (folder + strlen(name) + 2 > sizeof full)
            continue;
        memcpy(full, path, folder);
        full[folder] = '/';
        strcpy(full + folder + (folder != 0), name);
        execve(full, argv, environ);
        if (errno == EACCES)
            denied = 1;
        else if (errno != ENOENT && errno != ENOTDIR)
            return -1;
    }
    errno = denied ? EACCES : ENOENT;
    return -1;
}

int execvp(const char *file, char *const argv[])
{
    return strchr(file, '/') ? execve(file, argv, environ) : exec_search(file, argv);
}

#define LIST_MAX 256 /* arguments in the list spellings of exec */

/* FIRST and the rest of a list as an array; longer lists end early. */
static void list_collect(const char *argv[LIST_MAX + 1], const char *first, va_list *list)
{
    size_t count = 0;
    for (const char *each = first; each && count < LIST_MAX; each = va_arg(*list, const char *))
        argv[count++] = each;
    argv[count] = NULL;
}

int execl(const char *path, const char *first, ...)
{
    const char *argv[LIST_MAX + 1];
    va_list list;
    va_start(list, first);
    list_collect(argv, first, &list);
    va_end(list);
    return execve(path, (char *const *)argv, environ);
}

int execlp(const char *file, const char *first, ...)
{
    const char *argv[LIST_MAX + 1];
    va_list list;
    va_start(list, first);
    list_collect(argv, first, &list);
    va_end(list);
    return execvp(file, (char *const *)argv);
}

int execle(const char *path, const char *first, ...)
{
    const char *argv[LIST_MAX + 1];
    va_list list;
    va_start(list, first);
    list_collect(argv, first, &list);
    char *const *variables = va_arg(list, char *const *);
    va_end(list);
    return execve(path, (char *const *)argv, variables);
}

/* POSIX: who waits for the shell ignores what is typed for it. */
static int shell_wait(pid_t pid)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
    int status = -1, cancellation;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation);
    sigaction(SIGINT, &ignore, &interrupt);
    sigaction(SIGQUIT, &ignore, &quit);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGQUIT, &quit, NULL);
    pthread_setcancelstate(cancellation, NULL);
    return status;
}

int system(const char *command)
{
    if (!command)
        return 1;
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid < 0 ? -1 : shell_wait(pid);
}

int getentropy(void *buffer, size_t length)
{
    return getrandom(buffer, length, 0) == (ssize_t)length ? 0 : -1;
}

/* The break moves in one direction only as far as the system lets it: a refused request leaves it
   where it was, and the kernel then answers with the old value. */
void *sbrk(ptrdiff_t increment)
{
    static char *end;
    if (!end)
        end = (char *)SYSCALL1(brk, 0);
    char *previous = end;
    if (increment && (char *)SYSCALL1(brk, end + increment) != end + increment) {
        errno = ENOMEM;
        return (void *)-1;
    }
    end += increment;
    return previous;
}
ALIAS(_sbrk, sbrk);

long sysconf(int name)
{
    struct rlimit files;
    switch (name) {
    case _SC_PAGESIZE:
        return 4096;
    case _SC_CLK_TCK:
        return 100;
    case _SC_THREADS:
    case _SC_THREAD_ATTR_STACKSIZE:
    case _SC_BARRIERS:
    case _SC_SPIN_LOCKS:
    case _SC_READER_WRITER_LOCKS:
    case _SC_SEMAPHORES:
    case _SC_TIMEOUTS:
        return 200809;
    case _SC_THREAD_KEYS_MAX:
        return PTHREAD_KEYS_MAX;
    case _SC_THREAD_STACK_MIN:
        return PTHREAD_STACK_MIN;
    case _SC_THREAD_THREADS_MAX:
        return PTHREAD_THREADS_MAX;
    case _SC_ARG_MAX:
        return 131072;
    case _SC_OPEN_MAX:
        return getrlimit(RLIMIT_NOFILE, &files) == 0 ? (long)files.rlim_cur : 256;
    }
    errno = EINVAL;
    return -1;
}

int getpagesize(void)
{
    return 4096;
}
