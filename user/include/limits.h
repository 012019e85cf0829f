// SPDX-License-Identifier: MIT
// newlib's limits.h, and those of POSIX's threads.
#pragma once

#include_next <limits.h>

#define PTHREAD_KEYS_MAX              128
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#define PTHREAD_STACK_MIN             16384
#define PTHREAD_THREADS_MAX           128 /* of a process */
#define SEM_VALUE_MAX                 0x7FFFFFFF
