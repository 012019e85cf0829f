// SPDX-License-Identifier: MIT
// The processes that make the requests, and what they tell the one that started them.
//
// All write messages to one pipe, each in one piece (shorter than PIPE_BUF). A worker prepares,
// sends READY, waits for a byte on the second pipe, and makes its requests; then it sends its
// RESULT, its histogram and its log, checks what it wrote, and sends FINISHED.
#pragma once

#include <stdint.h>
#include "histogram.h"
#include "settings.h"

enum message_kind {
    MESSAGE_READY,
    MESSAGE_PROGRESS,
    MESSAGE_RESULT,
    MESSAGE_BUCKETS,
    MESSAGE_WINDOWS,
    MESSAGE_FINISHED
};

#define MESSAGE_BUCKETS_EACH 96

struct message {
    uint32_t kind;
    uint32_t worker;
    uint64_t ios;           /* all of these: so far; requests that are measured */
    uint64_t made, ended;   /* those of preparing and checking as well: begun, come back */
    uint64_t errors;        /* failed requests */
    uint64_t verify_errors; /* wrong data */
    union {
        struct {
            uint64_t started, ended; /* ns of CLOCK_MONOTONIC */
            uint64_t sum, least, most;
            long insns; /* the kernel's count at the end, where it has one */
        } result;
        struct {
            uint32_t first, counts[MESSAGE_BUCKETS_EACH];
        } buckets; /* or windows */
    };
};

/* Makes the requests of worker number `worker` (job worker, or with a process for each request in
   flight job worker / depth) and ends the process. */
_Noreturn void worker_run(const struct settings *settings, int device, unsigned worker,
                          int messages, int go);
