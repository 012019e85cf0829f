// SPDX-License-Identifier: MIT
// Flags of open() and fcntl() with Linux's values for riscv64 (asm-generic/fcntl.h, linux/fcntl.h).
#pragma once

#include <sys/types.h>
#include <sys/stat.h>

#define O_RDONLY    0
#define O_WRONLY    1
#define O_RDWR      2
#define O_ACCMODE   3
#define O_CREAT     0000100
#define O_EXCL      0000200
#define O_NOCTTY    0000400
#define O_TRUNC     0001000
#define O_APPEND    0002000
#define O_NONBLOCK  0004000
#define O_NDELAY    O_NONBLOCK
#define O_DSYNC     0010000
#define O_DIRECT    0040000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW  0400000
#define O_CLOEXEC   02000000
#define O_SYNC      04010000
#define O_PATH      010000000

#define FAPPEND   O_APPEND
#define FNONBLOCK O_NONBLOCK
#define FNDELAY   O_NONBLOCK

#define FD_CLOEXEC 1

#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_SETOWN        8
#define F_GETOWN        9
#define F_DUPFD_CLOEXEC 1030

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_EACCESS          0x200
#define AT_REMOVEDIR        0x200
#define AT_SYMLINK_FOLLOW   0x400
#define AT_EMPTY_PATH       0x1000

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

struct flock {
    short l_type;
    short l_whence;
    off_t l_start;
    off_t l_len;
    pid_t l_pid;
};

int open(const char *path, int flags, ...);
int openat(int folder, const char *path, int flags, ...);
int creat(const char *path, mode_t mode);
int fcntl(int file, int command, ...);
int flock(int file, int operation);

#ifdef _COMPILING_NEWLIB
int _open(const char *path, int flags, ...);
int _fcntl(int file, int command, ...);
#endif
