// SPDX-License-Identifier: MIT
// newlib's port, the system below it: a domain has no files and no process. What a library prints
// goes to the kernel log, everything else is refused. Servers and clients use RRefs and calls.
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include "core.h"
#include "log.h"
#include "newlib_system.h"

void abort(void)
{
    core_abort();
}

void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    log_printf("%s:%d: %s: assertion failed: %s", file, line, function ? function : "?",
               expression);
    core_abort();
}

void _exit(int status)
{
    log_printf("exit(%d) in a domain", status);
    core_abort();
}

ssize_t _write(int file, const void *bytes, size_t n)
{
    const char *text = bytes;
    (void)file;
    for (size_t start = 0, end = 0; start < n; start = ++end) {
        while (end < n && text[end] != '\n' && end - start < LOG_LINE_SIZE)
            end++;
        core_log(text + start, end - start);
        if (end < n && text[end] != '\n')
            end--;
    }
    return (ssize_t)n;
}

ssize_t _read(int file, void *bytes, size_t n)
{
    (void)file;
    (void)bytes;
    (void)n;
    return 0;
}

int _open(const char *path, int flags, int mode)
{
    (void)path;
    (void)flags;
    (void)mode;
    errno = ENOSYS;
    return -1;
}

int _close(int file)
{
    (void)file;
    return 0;
}

off_t _lseek(int file, off_t offset, int whence)
{
    (void)file;
    (void)offset;
    (void)whence;
    errno = ESPIPE;
    return -1;
}

int _fstat(int file, struct stat *status)
{
    (void)file;
    memset(status, 0, sizeof *status);
    status->st_mode = S_IFCHR;
    return 0;
}

int _stat(const char *path, struct stat *status)
{
    (void)path;
    (void)status;
    errno = ENOSYS;
    return -1;
}

int _isatty(int file)
{
    (void)file;
    return 1;
}

int _getpid(void)
{
    return 1;
}

int _kill(int process, int signal)
{
    (void)process;
    (void)signal;
    core_abort();
}

int _gettimeofday(struct timeval *now, void *zone)
{
    uint64_t ns = core_time();
    (void)zone;
    now->tv_sec = (time_t)(ns / 1000000000);
    now->tv_usec = (suseconds_t)(ns % 1000000000 / 1000);
    return 0;
}
