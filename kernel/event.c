// SPDX-License-Identifier: MIT
#include "kernel/event.h"
#include "kernel/wait.h"
#include "kernel/domain.h"
#include "kernel/fault.h"
#include "kernel/thread.h"
#include "kernel/abi/error.h"
#include "microcore/fail.h"
#include "microcore/page.h"
#include "microcore/timer.h"

#define LIFE_WAIT_MS 2000 // init, attach, export, import, detach, exit

// One thread's place in one event's list, on the waiting thread's core stack. Who signals takes it
// out of the list, wakes the thread and then clears `listed`: after that, and not before, the
// thread may go on without the event's lock.
struct waiter {
    struct task *task;
    struct event *event;
    struct waiter *next;
    bool listed;
};

static uint32_t events_used;

uint32_t event_total(void)
{
    return events_used;
}

static void event_destroy(struct object *object)
{
    __atomic_fetch_sub(&events_used, 1, __ATOMIC_RELAXED);
    core_free(object, sizeof(struct event));
}

struct event *event_create(void)
{
    struct event *event = fail_now(FAIL_EVENT) ? NULL : core_alloc(sizeof(*event));
    if (!event)
        return NULL;
    object_init(&event->object, OBJECT_EVENT, event_destroy);
    lock_init(&event->lock, LOCK_EVENT, "event");
    event->completed_tail = &event->completed;
    __atomic_fetch_add(&events_used, 1, __ATOMIC_RELAXED);
    return event;
}

uint64_t event_signal(struct event *event)
{
    interrupt_state state = lock_take(&event->lock);
    uint64_t count = __atomic_add_fetch(&event->count, 1, __ATOMIC_RELEASE);
    for (struct waiter *waiter = event->waiters, *next; waiter; waiter = next) {
        next = waiter->next;
        task_wake(waiter->task);
        __atomic_store_n(&waiter->listed, false, __ATOMIC_RELEASE);
    }
    event->waiters = NULL;
    lock_release(&event->lock, state);
    return count;
}

uint64_t event_count(const struct event *event)
{
    return __atomic_load_n(&event->count, __ATOMIC_ACQUIRE);
}

// Puts the waiter into the event's list unless the event has moved on already.
static bool waiter_enter(struct waiter *waiter, uint64_t seen)
{
    struct event *event = waiter->event;
    interrupt_state state = lock_take(&event->lock);
    bool fired = event->count != seen;
    if (!fired) {
        waiter->listed = true;
        waiter->next = event->waiters;
        event->waiters = waiter;
    }
    lock_release(&event->lock, state);
    return fired;
}

static void waiter_leave(struct waiter *waiter)
{
    struct event *event = waiter->event;
    if (!__atomic_load_n(&waiter->listed, __ATOMIC_ACQUIRE))
        return;
    interrupt_state state = lock_take(&event->lock);
    for (struct waiter **link = &event->waiters; *link; link = &(*link)->next) {
        if (*link == waiter) {
            *link = waiter->next;
            break;
        }
    }
    lock_release(&event->lock, state);
}

// Index of an event that differs from what was seen, -1: none.
static int64_t wait_fired(struct event *const *events, const uint64_t *seen, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (event_count(events[i]) != seen[i])
            return (int64_t)i;
    }
    return -1;
}

// Has somebody ordered this thread to stop waiting? The kick is used up.
static bool wait_is_kicked(struct thread *thread)
{
    struct domain *owner = thread->owner;
    if (owner && __atomic_load_n(&owner->parking, __ATOMIC_ACQUIRE))
        return true;
    if (thread->top->version->dead)
        return true;
    return __atomic_exchange_n(&thread->kicked, false, __ATOMIC_ACQ_REL);
}

static int64_t wait_loop(struct thread *thread, struct event *const *events, const uint64_t *seen,
                         uint64_t count, uint64_t deadline)
{
    for (;;) {
        int64_t fired = wait_fired(events, seen, count);
        if (fired >= 0)
            return fired;
        if (wait_is_kicked(thread))
            return -EINTR;
        if (deadline != WAIT_FOREVER && time_now() >= deadline)
            return -ETIMEDOUT;
        task_block(deadline);
    }
}

int64_t wait_events(struct event *const *events, const uint64_t *seen, uint64_t count,
                    uint64_t deadline)
{
    struct thread *thread = thread_current();
    struct waiter waiters[WAIT_ITEMS_MAX];
    int64_t result = -1;
    uint64_t entered = 0;
    while (entered < count) {
        struct waiter *waiter = &waiters[entered];
        waiter->task = &thread->task;
        waiter->event = events[entered];
        if (waiter_enter(waiter, seen[entered])) {
            result = (int64_t)entered;
            break;
        }
        entered++;
    }
    if (result < 0)
        result = wait_loop(thread, events, seen, count, deadline);
    while (entered-- > 0)
        waiter_leave(&waiters[entered]);
    return result;
}

int64_t wait_event(struct event *event, uint64_t seen, uint64_t deadline)
{
    struct thread *thread = thread_current();
    struct waiter waiter = {.task = &thread->task, .event = event};
    if (waiter_enter(&waiter, seen))
        return 0;
    int64_t result = 0;
    do {
        if (wait_is_kicked(thread)) {
            result = -EINTR;
            break;
        }
        if (deadline != WAIT_FOREVER && time_now() >= deadline) {
            result = -ETIMEDOUT;
            break;
        }
        task_block(deadline);
    } while (event_count(event) == seen);
    waiter_leave(&waiter);
    return result;
}

// The time limit of the method that the top frame serves, in us; 0: none.
static uint64_t wait_limit_us(const struct frame *frame)
{
    uint64_t limit_ms = LIFE_WAIT_MS;
    if (frame->proxy) {
        const struct method_description *method = &frame->proxy->descriptions[frame_method(frame)];
        limit_ms = method->flags & METHOD_BLOCKING ? 0
                   : method->timeout_ms            ? method->timeout_ms
                                                   : domain_limits(frame->version->domain)->wait_ms;
    } else if (thread_current()->owner) {
        limit_ms = 0;
    }
    return limit_ms < UINT32_MAX / 1000 ? limit_ms * 1000 : UINT32_MAX; // what a frame can count
}

// However short a wait is, it counts: many of them are as long as one.
static void frame_charge_wait(struct frame *frame, uint64_t began)
{
    uint64_t waited_us = frame->waited_us + (time_now() - began) / 1000 + 1;
    frame->waited_us = waited_us < UINT32_MAX ? (uint32_t)waited_us : UINT32_MAX;
}

static inline int64_t wait_any(struct event *const *events, const uint64_t *seen, uint64_t count,
                               uint64_t deadline)
{
    return count == 1 ? wait_event(events[0], seen[0], deadline)
                      : wait_events(events, seen, count, deadline);
}

// In the frame of a method that may wait LIMIT_US only.
static __attribute__((noinline)) int64_t wait_limited(struct frame *frame, uint64_t limit_us,
                                                      struct event *const *events,
                                                      const uint64_t *seen, uint64_t count,
                                                      uint64_t deadline)
{
    uint64_t began = time_now();
    if (frame->waited_us >= limit_us)
        return -EDEADLK; // also who never sleeps: each of its waits is over before it begins
    uint64_t left_us = limit_us - frame->waited_us;
    bool limited = deadline > began + left_us * 1000;
    int64_t result = wait_any(events, seen, count, limited ? began + left_us * 1000 : deadline);
    frame_charge_wait(frame, began);
    if (result == -ETIMEDOUT && limited)
        return -EDEADLK; // the caller of this function aborts
    return result;
}

int64_t wait_in_domain(struct event *const *events, const uint64_t *seen, uint64_t count,
                       uint64_t deadline)
{
    struct frame *frame = thread_current()->top;
    uint64_t limit_us = wait_limit_us(frame);
    if (limit_us)
        return wait_limited(frame, limit_us, events, seen, count, deadline);
    int64_t woken = wait_any(events, seen, count, deadline);
    frame_renew(frame);
    return woken;
}
