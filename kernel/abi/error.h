// SPDX-License-Identifier: MIT
// Error numbers, with Linux's values: what a method or core entry returns negated.
#pragma once
#ifndef EPERM
#define EPERM        1
#define ENOENT       2
#define ESRCH        3
#define EINTR        4
#define EIO          5
#define ENXIO        6
#define E2BIG        7
#define ENOEXEC      8
#define EBADF        9
#define ECHILD       10
#define EAGAIN       11
#define ENOMEM       12
#define EACCES       13
#define EFAULT       14
#define EBUSY        16
#define EEXIST       17
#define ENODEV       19
#define ENOTDIR      20
#define EISDIR       21
#define EINVAL       22
#define ENFILE       23
#define EFBIG        27
#define ENOSPC       28
#define EROFS        30
#define EPIPE        32
#define ERANGE       34
#define EDEADLK      35
#define ENAMETOOLONG 36
#define ENOSYS       38
#define ENODATA      61
#define EOVERFLOW    75
#define ERESTART     85 // the core issues the system call again
#define EALREADY     114
#define ETIMEDOUT    110
#define ESTALE       116
#define ECANCELED    125
#endif
