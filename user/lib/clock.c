// SPDX-License-Identifier: MIT
// The clock: the time CSR, and what the auxiliary vector says of it. All clocks count from boot,
// but those of the calendar add when that was; where nobody has told, the system is asked,
// as it is for CPU time.
#include "clock.h"

#include <stdbool.h>
#include <time.h>
#include "syscall.h"

#define NSEC_PER_SEC 1000000000ul
#define CLOCKS_MAX   12

/* CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID */
#define CLOCKS_OF_CPU (1u << 2 | 1u << 3)
/* CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_REALTIME_ALARM, CLOCK_TAI */
#define CLOCKS_OF_CALENDAR (1u << 0 | 1u << 5 | 1u << 8 | 1u << 11)

/* The system's own types of the auxiliary vector; the first ends it. */
enum { TYPE_END = 0, TYPE_TIME_START = 0x42480000, TYPE_TIME_SCALE, TYPE_TIME_BOOT };

static unsigned long start, scale; /* scale 0: not told, so the system is asked each time */
static unsigned long boot;         /* nanoseconds from 1970, 0: not known */

void clock_find(const unsigned long *auxiliary)
{
    for (; auxiliary[0] != TYPE_END; auxiliary += 2) {
        if (auxiliary[0] == TYPE_TIME_START)
            start = auxiliary[1];
        if (auxiliary[0] == TYPE_TIME_SCALE)
            scale = auxiliary[1];
        if (auxiliary[0] == TYPE_TIME_BOOT)
            boot = auxiliary[1];
    }
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    unsigned long ticks;
    bool of_calendar = (unsigned long)clock < CLOCKS_MAX && (CLOCKS_OF_CALENDAR >> clock & 1);
    bool of_cpu = (unsigned long)clock < CLOCKS_MAX && (CLOCKS_OF_CPU >> clock & 1);
    if (!scale || (unsigned long)clock >= CLOCKS_MAX || (of_calendar && !boot) || of_cpu)
        return (int)SYSCALL2(clock_gettime, clock, now);
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    unsigned long ns = (unsigned long)((unsigned __int128)(ticks - start) * scale >> 32);
    ns += of_calendar ? boot : 0;
    now->tv_sec = (time_t)(ns / NSEC_PER_SEC);
    now->tv_nsec = (long)(ns % NSEC_PER_SEC);
    return 0;
}
