// SPDX-License-Identifier: MIT
// Sleeping, waiting for several files, and times of files, in the spellings that Linux leaves to
// the library.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "syscall.h"

#define NSEC_PER_SEC 1000000000L

unsigned sleep(unsigned seconds)
{
    struct timespec rest = {.tv_sec = seconds};
    return nanosleep(&rest, &rest) == 0 ? 0 : (unsigned)rest.tv_sec;
}

int usleep(useconds_t microseconds)
{
    struct timespec duration = {.tv_sec = (time_t)(microseconds / 1000000),
                                .tv_nsec = (long)(microseconds % 1000000) * 1000};
    return nanosleep(&duration, NULL);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest)
{
    return POINT(clock_nanosleep, clock, flags, time, rest, 0, 0) < 0 ? errno : 0;
}

unsigned alarm(unsigned seconds)
{
    struct itimerval new = {.it_value.tv_sec = seconds}, old = {0};
    setitimer(ITIMER_REAL, &new, &old);
    return (unsigned)old.it_value.tv_sec + (old.it_value.tv_usec != 0);
}

int utimes(const char *path, const struct timeval *times)
{
    struct timespec exact[2];
    for (int i = 0; times && i < 2; i++)
        exact[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
    return utimensat(AT_FDCWD, path, times ? exact : NULL, 0);
}

int ppoll(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    /* the kernel writes the rest of the time back */
    struct timespec rest = timeout ? *timeout : (struct timespec){0};
    return (int)POINT(ppoll, files, count, timeout ? &rest : NULL, mask, sizeof *mask, 0);
}

int poll(struct pollfd *files, nfds_t count, int timeout_ms)
{
    struct timespec timeout = {.tv_sec = timeout_ms / 1000,
                               .tv_nsec = timeout_ms % 1000 * (NSEC_PER_SEC / 1000)};
    return ppoll(files, count, timeout_ms < 0 ? NULL : &timeout, NULL);
}

int pselect(int count, fd_set *read, fd_set *write, fd_set *except, const struct timespec *timeout,
            const sigset_t *mask)
{
    struct timespec rest = timeout ? *timeout : (struct timespec){0};
    struct {
        const sigset_t *mask;
        size_t length;
    } signals = {mask, sizeof *mask};
    return (int)POINT(pselect6, count, read, write, except, timeout ? &rest : NULL, &signals);
}

int select(int count, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout)
{
    struct timespec rest = {0};
    if (timeout)
        rest = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
    return pselect(count, read, write, except, timeout ? &rest : NULL, NULL);
}
