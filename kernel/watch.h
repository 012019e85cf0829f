// SPDX-License-Identifier: MIT
// How long calls take, counted for as long as somebody looks.
//
// Nobody looks: a version's methods are those of its domain, and the gate has no instruction for
// this. Somebody does: they lead to gate_watched, which notes the time in the callee's frame and
// has the call return by the slow way, where it is counted at its service. Only the control task
// changes between the two, and it does so once nobody has asked for WATCH_NS.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/core_entry.h"
#include "kernel/proxy.h"
#include "kernel/thread.h"
#include "microcore/csr.h"

#define WATCH_NS 3000000000ull

// Has the methods of VERSION lead to where they should by `served`, which has changed, and by
// whether calls are watched. Task context, no lock held.
void watch_lead(struct version *version);
// Begins to watch, or ends it, if it is time for that. When to look again, ns since boot. Control
// task.
uint64_t watch_renew(void);
// The times of service number INDEX, and calls are watched for another while. 0 or -ENOENT. Task
// context, no lock held.
int64_t watch_query(uint64_t index, struct service_times *times);

// ---- On the slow ways of calls ----

void watch_count_late(const struct frame *frame);
void watch_rested(uint64_t began);

// FRAME's call returns.
static inline void watch_count(const struct frame *frame)
{
    if (frame->carried & FRAME_WATCHED)
        watch_count_late(frame);
}

// Does nobody drain the version, so that the mark in FRAME is for this alone?
static inline bool watch_is_all(const struct frame *frame)
{
    return frame->carried & FRAME_WATCHED &&
           __atomic_load_n(&frame->proxy->version, __ATOMIC_SEQ_CST) == frame->version;
}

// What a method that may wait for ever waits for (a key, a child, a pipe) says nothing of how long
// it takes: that does not count, in its callers neither.
static inline uint64_t watch_wait_begin(void)
{
    return thread_current()->top->carried & FRAME_WATCHED ? csr_read(time) : 0;
}

static inline void watch_wait_end(uint64_t began)
{
    if (began)
        watch_rested(began);
}
