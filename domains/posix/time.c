// SPDX-License-Identifier: MIT
// Clocks and sleeping. All clocks count from boot, but those of the calendar, which add when that
// was (wall.h); where nobody knows, they count from boot, too.
#include <string.h>

#include "alarm.h"
#include "calls.h"
#include "core.h"
#include "manifest.h"
#include "processes.h"
#include "wall.h"

#define NS_PER_S   1000000000u
#define NS_PER_US  1000u
#define CLOCKS_MAX 12u
#define ABSOLUTE   1u

// CLOCK_REALTIME, and the bits of it, CLOCK_REALTIME_COARSE, CLOCK_REALTIME_ALARM, CLOCK_TAI.
#define CLOCK_CALENDAR 0u
// CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID: nobody can sleep until these tell something.
#define CLOCK_PROCESS      2u
#define CLOCK_THREAD       3u
#define CLOCKS_OF_CALENDAR (1u << 0 | 1u << 5 | 1u << 8 | 1u << 11)

static void ns_split(uint64_t ns, int64_t time[2])
{
    time[0] = (int64_t)(ns / NS_PER_S);
    time[1] = (int64_t)(ns % NS_PER_S);
}

int64_t time_read(struct thread *thread, uint64_t address, uint64_t *ns)
{
    int64_t time[2];
    if (user_read(thread, time, address, sizeof time) < 0)
        return -EFAULT;
    if (time[0] < 0 || time[1] < 0 || time[1] >= (int64_t)NS_PER_S)
        return -EINVAL;
    if (time[0] > INT64_MAX / NS_PER_S / 2)
        time[0] = INT64_MAX / NS_PER_S / 2; // centuries: for ever
    *ns = (uint64_t)time[0] * NS_PER_S + (uint64_t)time[1];
    return 0;
}

static int64_t time_write(struct thread *thread, uint64_t address, uint64_t ns)
{
    int64_t time[2];
    ns_split(ns, time);
    return user_write(thread, address, time, sizeof time);
}

uint64_t clock_start(uint64_t clock)
{
    if (!(CLOCKS_OF_CALENDAR >> clock & 1))
        return 0;
    wall_learn(HANDLE_RTC);
    return wall_boot();
}

// The clocks of CPU time count from the start of the process or thread.
static uint64_t clock_read(struct thread *thread, uint64_t clock)
{
    if (clock != CLOCK_PROCESS && clock != CLOCK_THREAD)
        return core_time() + clock_start(clock);
    const struct usage used = clock == CLOCK_THREAD ? thread_usage(thread) : usage_of_all(thread);
    return used.user + used.system;
}

int64_t call_clock_gettime(struct thread *thread, const uint64_t *a)
{
    if (a[0] >= CLOCKS_MAX)
        return -EINVAL;
    return time_write(thread, a[1], clock_read(thread, a[0]));
}

int64_t call_clock_getres(struct thread *thread, const uint64_t *a)
{
    if (a[0] >= CLOCKS_MAX)
        return -EINVAL;
    return a[1] ? time_write(thread, a[1], 100) : 0; // rdtime counts at 10 MHz
}

int64_t call_gettimeofday(struct thread *thread, const uint64_t *a)
{
    int64_t time[2];
    ns_split(core_time() + clock_start(CLOCK_CALENDAR), time);
    time[1] /= NS_PER_US;
    return a[0] ? user_write(thread, a[0], time, sizeof time) : 0;
}

// Sleeps until DEADLINE; what a repeated call must know is kept in the thread.
static int64_t deadline_sleep(struct thread *thread, uint64_t deadline)
{
    call_never_restarts(thread);
    if (!thread->is_repeated)
        thread->deadline = deadline;
    while (core_time() < thread->deadline) {
        uint64_t seen = sleep_prepare(thread);
        int64_t result = sleep_until(thread, seen, thread->deadline);
        if (result == -EINTR)
            return result;
    }
    return 0;
}

static int64_t relative_sleep(struct thread *thread, uint64_t request, uint64_t rest)
{
    uint64_t ns;
    int64_t result = time_read(thread, request, &ns);
    if (result < 0)
        return result;
    result = deadline_sleep(thread, core_time() + ns);
    if (result == -EINTR && rest) {
        uint64_t now = core_time();
        time_write(thread, rest, thread->deadline > now ? thread->deadline - now : 0);
    }
    return result;
}

int64_t call_nanosleep(struct thread *thread, const uint64_t *a)
{
    return relative_sleep(thread, a[0], a[1]);
}

int64_t call_clock_nanosleep(struct thread *thread, const uint64_t *a)
{
    uint64_t deadline;
    if (a[0] >= CLOCKS_MAX || a[0] == CLOCK_PROCESS || a[0] == CLOCK_THREAD)
        return -EINVAL;
    if (!(a[1] & ABSOLUTE))
        return relative_sleep(thread, a[2], a[3]);
    int64_t result = time_read(thread, a[2], &deadline);
    if (result < 0)
        return result;
    uint64_t start = clock_start(a[0]);
    return deadline_sleep(thread, deadline > start ? deadline - start : 0);
}

int64_t call_sched_yield(struct thread *thread, const uint64_t *a)
{
    (void)thread, (void)a;
    core_yield();
    return 0;
}

// ---- Alarms: setitimer(ITIMER_REAL) ----

static int64_t timeval_write(struct thread *thread, uint64_t address, uint64_t at, uint64_t every)
{
    uint64_t now = core_time(), rest = at > now ? at - now : 0;
    uint64_t times[] = {every / NS_PER_S, every % NS_PER_S / NS_PER_US, rest / NS_PER_S,
                        rest % NS_PER_S / NS_PER_US};
    return user_write(thread, address, times, sizeof times);
}

int64_t call_getitimer(struct thread *thread, const uint64_t *a)
{
    struct process *process = thread->process;
    return a[0] == 0 ? timeval_write(thread, a[1], process->alarm_at, process->alarm_every)
                     : -EINVAL;
}

int64_t call_setitimer(struct thread *thread, const uint64_t *a)
{
    struct process *process = thread->process;
    uint64_t times[4] = {0};
    if (a[0] != 0)
        return -EINVAL;
    if (a[1] && user_read(thread, times, a[1], sizeof times) < 0)
        return -EFAULT;
    if (times[1] >= NS_PER_S / NS_PER_US || times[3] >= NS_PER_S / NS_PER_US)
        return -EINVAL;
    if (a[2] && timeval_write(thread, a[2], process->alarm_at, process->alarm_every) < 0)
        return -EFAULT;
    if (!a[1])
        return 0;
    uint64_t ns = times[2] * NS_PER_S + times[3] * NS_PER_US;
    alarm_set(process, ns ? core_time() + ns : 0, times[0] * NS_PER_S + times[1] * NS_PER_US);
    return 0;
}
