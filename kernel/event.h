// SPDX-License-Identifier: MIT
// Events: a count that only grows, and who waits for it to change; completions of RRefs queue here.
// Signal: any context, any hart. Takes LOCK_EVENT.
#pragma once
#include "kernel/object.h"
#include "kernel/abi/core_entry.h"
#include "microcore/lock.h"

struct rref;
struct waiter;

struct event {
    struct object object;
    struct lock lock;
    uint64_t count;
    struct waiter *waiters;
    struct rref *completed, **completed_tail; // RRefs whose loan has ended, oldest first
};

struct event *event_create(void); // one use, NULL when out of memory
uint64_t event_signal(struct event *event);
uint64_t event_count(const struct event *event);
