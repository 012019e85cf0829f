// SPDX-License-Identifier: MIT
#include "wait_queue.h"

#include "core.h"
#include "mutex.h"
#include "processes.h"
#include "signals.h"

static struct mutex queue_lock;

void queue_join(struct wait_queue *queue, struct waiter *waiter, struct thread *thread)
{
    mutex_lock(&queue_lock);
    waiter->thread = thread;
    waiter->queued = true;
    waiter->next = queue->first;
    queue->first = waiter;
    mutex_unlock(&queue_lock);
}

void queue_leave(struct wait_queue *queue, struct waiter *waiter)
{
    if (!__atomic_load_n(&waiter->queued, __ATOMIC_ACQUIRE))
        return; // and who woke it is done with it
    mutex_lock(&queue_lock);
    struct waiter **link = &queue->first;
    while (*link && *link != waiter)
        link = &(*link)->next;
    if (*link)
        *link = waiter->next;
    mutex_unlock(&queue_lock);
}

void queue_wake(struct wait_queue *queue)
{
    if (!queue->first)
        return;
    mutex_lock(&queue_lock);
    for (struct waiter *each = queue->first, *next; each; each = next) {
        next = each->next;
        sleep_end(each->thread);
        __atomic_store_n(&each->queued, false, __ATOMIC_RELEASE);
    }
    queue->first = NULL;
    mutex_unlock(&queue_lock);
}

uint64_t sleep_prepare(struct thread *thread)
{
    return (uint64_t)core_event_count(thread->event);
}

int64_t thread_wait(struct thread *thread, const struct wait_item *items, uint32_t count,
                    uint64_t deadline)
{
    if (signal_is_pending(thread))
        return -EINTR;
    thread->is_asleep = true;
    int64_t result = core_wait(items, count, deadline);
    thread->is_asleep = false;
    return signal_is_pending(thread) ? -EINTR : result;
}

bool thread_must_leave(struct thread *thread)
{
    struct wait_item item = {.event = thread->event, .seen = sleep_prepare(thread)};
    return core_wait(&item, 1, 0) == -EINTR;
}

int64_t sleep_until(struct thread *thread, uint64_t seen, uint64_t deadline)
{
    struct wait_item item = {.event = thread->event, .seen = seen};
    int64_t result = thread_wait(thread, &item, 1, deadline);
    return result < 0 ? result : 0;
}

int64_t sleep_again(struct thread *thread)
{
    if (signal_is_pending(thread))
        return -EINTR;
    thread->is_asleep = true;
    int64_t result = core_wait_next(thread->event, &thread->event_seen, WAIT_FOREVER);
    thread->is_asleep = false;
    return signal_is_pending(thread) ? -EINTR : result;
}

void sleep_end(struct thread *thread)
{
    core_event_signal(thread->event);
}
