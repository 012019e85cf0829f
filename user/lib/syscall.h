// SPDX-License-Identifier: MIT
// The raw system call for the C half of the port. Negative kernel results become -1 and errno.
#pragma once

#include "number.h"

long system_call(long number, long a0, long a1, long a2, long a3, long a4, long a5);

/* The same, and a cancellation point. */
long system_call_point(long number, long a0, long a1, long a2, long a3, long a4, long a5);

#define POINT(name, a, b, c, d, e, f)                                                              \
    system_call_point(CALL_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define SYSCALL0(name)          system_call(CALL_##name, 0, 0, 0, 0, 0, 0)
#define SYSCALL1(name, a)       system_call(CALL_##name, (long)(a), 0, 0, 0, 0, 0)
#define SYSCALL2(name, a, b)    system_call(CALL_##name, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYSCALL3(name, a, b, c) system_call(CALL_##name, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYSCALL4(name, a, b, c, d)                                                                 \
    system_call(CALL_##name, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYSCALL5(name, a, b, c, d, e)                                                              \
    system_call(CALL_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYSCALL6(name, a, b, c, d, e, f)                                                           \
    system_call(CALL_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
