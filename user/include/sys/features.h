// SPDX-License-Identifier: MIT
// newlib's features.h, and what of POSIX's threads our library has (user/lib/thread).
#pragma once

#include_next <sys/features.h>

#define _POSIX_THREADS               200809L
#define _POSIX_THREAD_ATTR_STACKSIZE 200809L
#define _POSIX_THREAD_PROCESS_SHARED 200809L
#define _POSIX_TIMEOUTS              200809L
#define _POSIX_BARRIERS              200809L
#define _POSIX_SPIN_LOCKS            200809L
#define _POSIX_READER_WRITER_LOCKS   200809L
#define _POSIX_SEMAPHORES            200809L
