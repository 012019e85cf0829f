// SPDX-License-Identifier: MIT
// A thread of the domain's own that serves a device or a timer, and that can be stopped for an
// update and started again where the update failed.
//
//     static void serve(struct worker *worker)
//     {
//         struct wait_item items[2] = {{.event = device_event}};
//         while (worker_wait(worker, items, 1, WAIT_FOREVER)) {
//             mutex_lock(&mutex);
//             if (!worker_is_stopping(worker))
//                 ... look at the device ...
//             mutex_unlock(&mutex);
//         }
//     }
//
// domain_init calls worker_prepare, so that making the thread is no part of an update's pause;
// domain_attach calls worker_start; domain_detach takes the same mutex and calls worker_stop (or
// worker_start to resume). From then on the thread touches nothing, though it may take a while to
// end: an update does not wait for it to be scheduled.
#pragma once
#include <stdbool.h>
#include "core.h"

enum worker_state { WORKER_STOPPED, WORKER_PREPARED, WORKER_RUNNING, WORKER_STOPPING };

struct worker {
    void (*run)(struct worker *worker);
    _Atomic uint32_t state; // enum worker_state
    uint32_t has_wake;      // 1: `wake` is made
    handle_t wake;          // an event: signalled to make worker_wait return
    uint64_t wake_seen;     // the thread's own
};

// Makes the thread, which then waits for worker_start. 0, or an error of event and thread creation.
int64_t worker_prepare(struct worker *worker, void (*run)(struct worker *worker));

// Starts the thread, prepared or not, or lets one that was about to stop go on. 0, also when it
// runs; errors are those of event and thread creation.
int64_t worker_start(struct worker *worker, void (*run)(struct worker *worker));

// The same, but one that was prepared begins only when somebody calls worker_wake: who attaches
// while callers wait can leave that for later.
int64_t worker_enable(struct worker *worker, void (*run)(struct worker *worker));

// Asks the thread to end, and does not wait for it. In domain_detach only: the core has woken it
// just before, and lets no thread of the domain sleep from then on.
void worker_stop(struct worker *worker);

static inline bool worker_is_stopping(const struct worker *worker)
{
    return worker->state != WORKER_RUNNING;
}

// For the worker itself: waits for one of COUNT events, for worker_wake, or until DEADLINE, and
// brings the items' `seen` up to date. Returns false when the worker is to end, and then it must
// return. ITEMS needs room for COUNT + 1. Wakes up for nothing now and then.
bool worker_wait(struct worker *worker, struct wait_item *items, uint32_t count, uint64_t deadline);

// From any thread: makes the worker look again.
void worker_wake(struct worker *worker);
