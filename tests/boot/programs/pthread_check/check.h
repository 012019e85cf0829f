// SPDX-License-Identifier: MIT
// What the parts of pthread_check share. Each part is a function with checks; main.c lists them. On
// Linux with glibc the same source fails in two places that POSIX leaves open or glibc has as a
// known fault: setenv() in several threads, and a read() that is cancelled after it has read.
#pragma once

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 16

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            check_failed(__FILE__, __LINE__, #condition);                                          \
    } while (0)

void check_failed(const char *file, int line, const char *condition);

/* COUNT threads with their number as the argument, all begun and all joined. */
void threads_run(int count, void *(*function)(void *));

static inline void *number_of(long number)
{
    return (void *)number;
}

/* The time on CLOCK that lies MS from now. */
struct timespec time_after(clockid_t clock, long ms);

/* Until *WORD is VALUE; others make it so. */
void await_value(atomic_int *word, int value);

/* The exit status of a child as the shell has it: 128 and the signal. */
int child_status(pid_t child);

void check_threads(void);
void check_mutexes(void);
void check_conditions(void);
void check_rwlocks(void);
void check_barriers(void);
void check_semaphores(void);
void check_keys(void);
void check_cancellation(void);
void check_library(void);
void check_forks(void);
void check_c11(void);
