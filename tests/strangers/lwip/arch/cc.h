// SPDX-License-Identifier: MIT
// What lwIP asks of the system that it is put into.
#pragma once
#include <limits.h>
#include <stdlib.h>
#include <sys/types.h>

#define SSIZE_MAX            LONG_MAX // the C library has ssize_t
#define LWIP_TIMEVAL_PRIVATE 0
#include <sys/time.h>

void log_printf(const char *format, ...);

#define LWIP_RAND()              ((u32_t)rand())
#define LWIP_PLATFORM_DIAG(text) log_printf text
#define LWIP_PLATFORM_ASSERT(text)                                                                 \
    do {                                                                                           \
        log_printf("%s", text);                                                                    \
        abort();                                                                                   \
    } while (0)
