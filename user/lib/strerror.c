// SPDX-License-Identifier: MIT
// What errors are called, in the words that people know from Linux: scripts and eyes look for them.
// In the place of newlib's, which says "No more processes" and "Not owner".
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const char *const names[] = {
    [0] = "Success",
    [EPERM] = "Operation not permitted",
    [ENOENT] = "No such file or directory",
    [ESRCH] = "No such process",
    [EINTR] = "Interrupted system call",
    [EIO] = "Input/output error",
    [ENXIO] = "No such device or address",
    [E2BIG] = "Argument list too long",
    [ENOEXEC] = "Exec format error",
    [EBADF] = "Bad file descriptor",
    [ECHILD] = "No child processes",
    [EAGAIN] = "Resource temporarily unavailable",
    [ENOMEM] = "Cannot allocate memory",
    [EACCES] = "Permission denied",
    [EFAULT] = "Bad address",
    [EBUSY] = "Device or resource busy",
    [EEXIST] = "File exists",
    [EXDEV] = "Invalid cross-device link",
    [ENODEV] = "No such device",
    [ENOTDIR] = "Not a directory",
    [EISDIR] = "Is a directory",
    [EINVAL] = "Invalid argument",
    [ENFILE] = "Too many open files in system",
    [EMFILE] = "Too many open files",
    [ENOTTY] = "Inappropriate ioctl for device",
    [ETXTBSY] = "Text file busy",
    [EFBIG] = "File too large",
    [ENOSPC] = "No space left on device",
    [ESPIPE] = "Illegal seek",
    [EROFS] = "Read-only file system",
    [EMLINK] = "Too many links",
    [EPIPE] = "Broken pipe",
    [EDOM] = "Numerical argument out of domain",
    [ERANGE] = "Numerical result out of range",
    [EDEADLK] = "Resource deadlock avoided",
    [ENAMETOOLONG] = "File name too long",
    [ENOLCK] = "No locks available",
    [ENOSYS] = "Function not implemented",
    [ENOTEMPTY] = "Directory not empty",
    [ELOOP] = "Too many levels of symbolic links",
    [ENODATA] = "No data available",
    [EPROTO] = "Protocol error",
    [EBADMSG] = "Bad message",
    [EOVERFLOW] = "Value too large for defined data type",
    [EILSEQ] = "Invalid or incomplete multibyte or wide character",
    [EOPNOTSUPP] = "Operation not supported",
    [ETIMEDOUT] = "Connection timed out",
    [EALREADY] = "Operation already in progress",
    [EINPROGRESS] = "Operation now in progress",
    [ESTALE] = "Stale file handle",
    [EUCLEAN] = "Structure needs cleaning",
    [EDQUOT] = "Disk quota exceeded",
    [ECANCELED] = "Operation canceled",
    [EOWNERDEAD] = "Owner died",
    [ENOTRECOVERABLE] = "State not recoverable",
};

/* Without printf: small programs call this. */
static char *unknown_name(int error)
{
    static const char prefix[] = "Unknown error ";
    static _Thread_local char text[sizeof prefix + 12];
    char *at = text + sizeof text - 1;
    unsigned rest = error < 0 ? 0u - (unsigned)error : (unsigned)error;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (error < 0)
        *--at = '-';
    at -= sizeof prefix - 1;
    return memcpy(at, prefix, sizeof prefix - 1);
}

/* newlib's strerror_r() and perror() end here. */
char *_strerror_r(struct _reent *reent, int error, int internal, int *unused)
{
    (void)reent, (void)internal, (void)unused;
    bool is_known = error >= 0 && error < (int)(sizeof names / sizeof *names) && names[error];
    return is_known ? (char *)names[error] : unknown_name(error);
}

char *strerror(int error)
{
    return _strerror_r(NULL, error, 0, NULL);
}

char *strerror_l(int error, locale_t locale)
{
    (void)locale;
    return strerror(error);
}
