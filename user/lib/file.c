// SPDX-License-Identifier: MIT
// Calls on paths that Linux has only relative to a folder, and what newlib names in its own way.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "syscall.h"

#define ALIAS(name, target) __typeof__(target) name __attribute__((alias(#target), copy(target)))

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return openat(AT_FDCWD, path, flags, mode);
}

/* newlib's, with a stream's locks held: no cancellation point. */
int _open(const char *path, int flags, int mode)
{
    return (int)SYSCALL4(openat, AT_FDCWD, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int stat(const char *path, struct stat *result)
{
    return fstatat(AT_FDCWD, path, result, 0);
}
ALIAS(_stat, stat);

int lstat(const char *path, struct stat *result)
{
    return fstatat(AT_FDCWD, path, result, AT_SYMLINK_NOFOLLOW);
}

int access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}
ALIAS(_mkdir, mkdir);

int mknod(const char *path, mode_t mode, dev_t device)
{
    return (int)SYSCALL4(mknodat, AT_FDCWD, path, mode, device);
}

int mkfifo(const char *path, mode_t mode)
{
    return mknod(path, (mode & ALLPERMS) | S_IFIFO, 0);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}
ALIAS(_unlink, unlink);

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* newlib's own calls unlink, which does not delete folders. Its two names come together, so that
   its own file is not taken for one of them. */
int remove(const char *path)
{
    if (unlink(path) == 0)
        return 0;
    return errno == EISDIR ? rmdir(path) : -1;
}

int _remove_r(struct _reent *reent, const char *path);
int _remove_r(struct _reent *reent, const char *path)
{
    (void)reent;
    return remove(path);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
ALIAS(_link, link);

int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

ssize_t readlink(const char *path, char *buffer, size_t length)
{
    return readlinkat(AT_FDCWD, path, buffer, length);
}

int rename(const char *from, const char *to)
{
    return (int)SYSCALL5(renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int chmod(const char *path, mode_t mode)
{
    return (int)SYSCALL3(fchmodat, AT_FDCWD, path, mode);
}

int chown(const char *path, uid_t owner, gid_t group)
{
    return fchownat(AT_FDCWD, path, owner, group, 0);
}

int futimens(int file, const struct timespec *times)
{
    return (int)SYSCALL4(utimensat, file, NULL, times, 0);
}

int pipe(int ends[2])
{
    return pipe2(ends, 0);
}

/* dup3 refuses equal descriptors, dup2 must accept them if they are open. */
int dup2(int from, int to)
{
    if (from == to)
        return fcntl(from, F_GETFD) < 0 ? -1 : to;
    return dup3(from, to, 0);
}

char *getcwd(char *buffer, size_t length)
{
    char *result = buffer ? buffer : malloc(length = length ? length : 4096);
    if (result && SYSCALL2(getcwd, result, length) >= 0)
        return result;
    if (!buffer)
        free(result);
    return NULL;
}

// The limits of posix, which are the same everywhere.
static long limit_of(int name)
{
    switch (name) {
    case _PC_LINK_MAX:
        return 32000;
    case _PC_NAME_MAX:
        return 255;
    case _PC_PATH_MAX:
        return 4096;
    case _PC_PIPE_BUF:
        return 4096;
    case _PC_NO_TRUNC:
        return 1;
    }
    errno = EINVAL;
    return -1;
}

long fpathconf(int file, int name)
{
    struct stat info;
    return fstat(file, &info) < 0 ? -1 : limit_of(name);
}

long pathconf(const char *path, int name)
{
    struct stat info;
    return stat(path, &info) < 0 ? -1 : limit_of(name);
}
