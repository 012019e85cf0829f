// SPDX-License-Identifier: MIT
// The clock: the time CSR, and what the auxiliary vector says of it. All clocks count from boot,
// but those of the calendar add when that was; where nobody has told, the system is asked,
// as it is for CPU time.
#include "clock.h"

#include <time.h>
#include "syscall.h"

#define NSEC_PER_SEC 1000000000ul
#define CLOCKS_MAX   12
#define CLOCKS_ALL   ((1u << CLOCKS_MAX) - 1)

/* CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID */
#define CLOCKS_OF_CPU (1u << 2 | 1u << 3)
/* CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_REALTIME_ALARM, CLOCK_TAI */
#define CLOCKS_OF_CALENDAR (1u << 0 | 1u << 5 | 1u << 8 | 1u << 11)

/* The system's own types of the auxiliary vector; the first ends it. */
enum { TYPE_END = 0, TYPE_TIME_START = 0x42480000, TYPE_TIME_SCALE, TYPE_TIME_BOOT };

static struct {
    unsigned long start, scale;
    unsigned long boot; /* nanoseconds from 1970, 0: not known */
    unsigned long here; /* a bit for each clock that this is enough for; others are asked for */
} told;

void clock_find(const unsigned long *auxiliary)
{
    for (; auxiliary[0] != TYPE_END; auxiliary += 2) {
        if (auxiliary[0] == TYPE_TIME_START)
            told.start = auxiliary[1];
        if (auxiliary[0] == TYPE_TIME_SCALE)
            told.scale = auxiliary[1];
        if (auxiliary[0] == TYPE_TIME_BOOT)
            told.boot = auxiliary[1];
    }
    if (told.scale)
        told.here = CLOCKS_ALL & ~CLOCKS_OF_CPU & ~(told.boot ? 0 : CLOCKS_OF_CALENDAR);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    unsigned long ticks, offset = 0;
    if (clock != CLOCK_MONOTONIC || !told.scale) { /* which is asked for most */
        if ((unsigned long)clock >= CLOCKS_MAX || !(told.here >> clock & 1))
            return (int)SYSCALL2(clock_gettime, clock, now);
        offset = CLOCKS_OF_CALENDAR >> clock & 1 ? told.boot : 0;
    }
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    unsigned long ns = (unsigned long)((unsigned __int128)(ticks - told.start) * told.scale >> 32);
    ns += offset;
    now->tv_sec = (time_t)(ns / NSEC_PER_SEC);
    now->tv_nsec = (long)(ns % NSEC_PER_SEC);
    return 0;
}
