// SPDX-License-Identifier: MIT
#include "worker.h"

// True when STATE was BEFORE, and is AFTER now.
static bool state_change(struct worker *worker, uint32_t before, uint32_t after)
{
    return __atomic_compare_exchange_n(&worker->state, &before, after, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

// Until worker_start: the wake that comes with it is not the worker's own.
static void start_await(struct worker *worker)
{
    for (;;) {
        worker->wake_seen = (uint64_t)core_event_count(worker->wake);
        if (worker->state != WORKER_PREPARED)
            return;
        struct wait_item item = {.event = worker->wake, .seen = worker->wake_seen};
        if (core_wait(&item, 1, WAIT_FOREVER) < 0)
            core_yield(); // a kick that stays pending would make this a busy loop
    }
}

static void thread_body(uint64_t argument)
{
    struct worker *worker = (struct worker *)(uintptr_t)argument;
    start_await(worker);
    worker->run(worker);
}

// Makes the thread, with STATE as what it finds.
static int64_t thread_make(struct worker *worker, void (*run)(struct worker *worker),
                           enum worker_state state)
{
    if (!worker->has_wake) {
        int64_t wake = core_event_create();
        if (wake < 0)
            return wake;
        worker->wake = (handle_t)wake;
        worker->has_wake = 1;
    }
    worker->run = run;
    worker->state = state;
    int64_t status = core_thread_create(thread_body, (uint64_t)(uintptr_t)worker);
    if (status < 0)
        worker->state = WORKER_STOPPED;
    return status < 0 ? status : 0;
}

int64_t worker_prepare(struct worker *worker, void (*run)(struct worker *worker))
{
    return thread_make(worker, run, WORKER_PREPARED);
}

int64_t worker_enable(struct worker *worker, void (*run)(struct worker *worker))
{
    if (worker->state == WORKER_RUNNING || state_change(worker, WORKER_STOPPING, WORKER_RUNNING) ||
        state_change(worker, WORKER_PREPARED, WORKER_RUNNING))
        return 0;
    return thread_make(worker, run, WORKER_RUNNING);
}

int64_t worker_start(struct worker *worker, void (*run)(struct worker *worker))
{
    int64_t status = worker_enable(worker, run);
    worker_wake(worker);
    return status;
}

void worker_stop(struct worker *worker)
{
    (void)state_change(worker, WORKER_RUNNING, WORKER_STOPPING);
}

bool worker_wait(struct worker *worker, struct wait_item *items, uint32_t count, uint64_t deadline)
{
    if (state_change(worker, WORKER_STOPPING, WORKER_STOPPED))
        return false;
    items[count] = (struct wait_item){.event = worker->wake, .seen = worker->wake_seen};
    int64_t fired = core_wait(items, count + 1, deadline);
    if (fired == -EINTR)
        core_yield(); // a kick that stays pending would make this a busy loop
    if (fired >= 0)   // another one that fired as well does so at once in the next wait
        items[fired].seen = (uint64_t)core_event_count(items[fired].event);
    if (fired == count)
        worker->wake_seen = items[fired].seen;
    return !state_change(worker, WORKER_STOPPING, WORKER_STOPPED);
}

void worker_wake(struct worker *worker)
{
    if (worker->state == WORKER_RUNNING)
        core_event_signal(worker->wake);
}
