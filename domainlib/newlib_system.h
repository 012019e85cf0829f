// SPDX-License-Identifier: MIT
// The system calls that newlib expects by these names. For newlib_system.c only; not an interface.
#pragma once
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>

void _exit(int status) __attribute__((noreturn));
ssize_t _write(int file, const void *bytes, size_t n);
ssize_t _read(int file, void *bytes, size_t n);
int _open(const char *path, int flags, int mode);
int _close(int file);
off_t _lseek(int file, off_t offset, int whence);
int _fstat(int file, struct stat *status);
int _stat(const char *path, struct stat *status);
int _isatty(int file);
int _getpid(void);
int _kill(int process, int signal);
int _gettimeofday(struct timeval *now, void *zone);
