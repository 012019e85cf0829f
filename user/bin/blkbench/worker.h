// SPDX-License-Identifier: MIT
// A process that makes requests, as job.c and ring.c share it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "job.h"
#include "lane.h"
#include "windows.h"

#define PROGRESS_NS 250000000ull
/* Of what each request goes through: it is part of what is measured. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

struct worker {
    const struct settings *settings;
    unsigned number;
    int device, messages;
    struct lane *lanes;
    unsigned lane_count; /* requests of this process in flight */
    bool is_counted;     /* the kernel counts instructions */
    uint64_t reported;   /* ns: when progress was last told */
    struct windows windows;
    struct message totals;
    struct histogram histogram;
};

static inline uint64_t nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Tells progress. */
void worker_report(struct worker *worker, uint64_t now);

/* Counts a measured request that ended at this time, and tells progress now and then. */
ALWAYS_INLINE void worker_count(struct worker *worker, uint64_t ended)
{
    if (worker->windows.room)
        windows_add(&worker->windows, ended / worker->settings->log_window, 1);
    worker->totals.ios++;
    if (ended - worker->reported >= PROGRESS_NS)
        worker_report(worker, ended);
}

/* Makes the measured requests with all lanes' in flight at once (ring.c): SHARE, or if that is 0
   until RUNTIME has passed since STARTED. The time of the last end. */
uint64_t ring_run(struct worker *worker, uint64_t started, uint64_t share);
