// SPDX-License-Identifier: MIT
// The same workloads as a program of the same system, compiled by the same compiler for the same
// instructions, but not confined. `plain count` where the clock counts instructions.
#include "measure.h"

enum { SYS_WRITE = 64, SYS_EXIT = 93, SYS_CLOCK_GETTIME = 113 };

static long system_call(long number, long a, long b, long c)
{
    register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}

static void say(const char *line, size_t length)
{
    system_call(SYS_WRITE, 1, (long)line, (long)length);
}

static uint64_t now(void)
{
    struct {
        int64_t seconds, ns;
    } time;
    system_call(SYS_CLOCK_GETTIME, 1, (long)&time, 0);
    return (uint64_t)time.seconds * 1000000000u + (uint64_t)time.ns;
}

// What newlib asks of the system below it.
static char heap[1 << 20];
static size_t heap_used;

void *_sbrk(ptrdiff_t increment)
{
    if (increment < 0 || heap_used + (size_t)increment > sizeof heap)
        return (void *)-1;
    heap_used += (size_t)increment;
    return heap + heap_used - increment;
}

#define UNUSED_CALL(name)                                                                          \
    int name(void)                                                                                 \
    {                                                                                              \
        __builtin_trap();                                                                          \
    }
UNUSED_CALL(_write)
UNUSED_CALL(_read)
UNUSED_CALL(_lseek)
UNUSED_CALL(_close)
UNUSED_CALL(_fstat)
UNUSED_CALL(_isatty)
UNUSED_CALL(_kill)
UNUSED_CALL(_getpid)
UNUSED_CALL(_exit)

void workload_say(const char *text, size_t length)
{
    say(text, length);
}

void plain_main(const long *arguments)
{
    measure_all(arguments[0] > 1, now, say);
    say("sfi: end 0\n", sizeof "sfi: end 0");
    system_call(SYS_EXIT, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\tmv a0, sp\n\tandi sp, sp, -16\n\tcall plain_main\n");
