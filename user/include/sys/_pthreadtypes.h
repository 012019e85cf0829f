// SPDX-License-Identifier: MIT
// The types of <pthread.h>, which POSIX wants in <sys/types.h> as well. What each member means is
// said in user/lib/thread, beside the functions that work on it. All bytes zero is the initial
// state of each lock.
#pragma once

#include <sys/_types.h>
#include <sys/sched.h>

typedef struct __pthread *pthread_t;
typedef __uint32_t pthread_key_t;

typedef struct {
    __size_t __stack_size; /* bytes; 0: the default */
    void *__stack;         /* its lowest byte, if the caller gives it */
    int __is_detached;
} pthread_attr_t;

/* A list of the robust mutexes that a thread has: the kernel walks it when the thread ends. */
struct __robust_link {
    struct __robust_link *__next, *__previous;
};

typedef struct {
    __uint32_t __word; /* the owner's number, and bits beside it */
    __uint32_t __kind;
    __uint32_t __depth;
    __uint32_t __reserved;
    struct __robust_link __link;
} pthread_mutex_t;

typedef struct {
    __uint32_t __kind;
    int __ceiling;
} pthread_mutexattr_t;

typedef struct {
    __uint32_t __sequence;
    __uint32_t __visitors;
    __uint32_t __clock;
    __uint32_t __is_shared;
} pthread_cond_t;

typedef struct {
    __uint32_t __clock;
    __uint32_t __is_shared;
} pthread_condattr_t;

typedef struct {
    __uint32_t __word;
    __uint32_t __writer; /* the number of the thread that has it for writing */
    __uint32_t __is_shared;
} pthread_rwlock_t;

typedef struct {
    __uint32_t __is_shared;
} pthread_rwlockattr_t;

typedef struct {
    __uint32_t __phase;
    __uint32_t __arrived;
    __uint32_t __visitors;
    __uint32_t __count;
    __uint32_t __is_shared;
} pthread_barrier_t;

typedef struct {
    __uint32_t __is_shared;
} pthread_barrierattr_t;

typedef __uint32_t pthread_spinlock_t;

typedef struct {
    __uint32_t __word;
} pthread_once_t;
