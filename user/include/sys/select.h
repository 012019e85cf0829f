// SPDX-License-Identifier: MIT
// select() over pselect6. sys/types.h includes this file, so it must not include it back.
#pragma once

#include <sys/_sigset.h>
#include <sys/_timeval.h>
#include <sys/_timespec.h>

#ifndef _SIGSET_T_DECLARED
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

#define _SYS_TYPES_FD_SET
#define FD_SETSIZE 1024
#define NFDBITS    64

typedef unsigned long fd_mask;

typedef struct {
    fd_mask fds_bits[FD_SETSIZE / NFDBITS];
} fd_set;

#define FD_SET(file, set)   ((set)->fds_bits[(file) / NFDBITS] |= 1UL << ((file) % NFDBITS))
#define FD_CLR(file, set)   ((set)->fds_bits[(file) / NFDBITS] &= ~(1UL << ((file) % NFDBITS)))
#define FD_ISSET(file, set) (((set)->fds_bits[(file) / NFDBITS] >> ((file) % NFDBITS)) & 1)
#define FD_ZERO(set)        __builtin_memset((set), 0, sizeof(fd_set))

int select(int count, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout);
int pselect(int count, fd_set *read, fd_set *write, fd_set *except, const struct timespec *timeout,
            const sigset_t *mask);
