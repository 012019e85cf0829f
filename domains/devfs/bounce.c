// SPDX-License-Identifier: MIT
#include "bounce.h"

#include "block_client.h"
#include "core.h"
#include "log.h"
#include "mutex.h"

#define BOUNCES   8
#define ANSWER_NS 30000000000u

static struct mutex pool_lock;
static struct bounce pool[BOUNCES];
static handle_t pool_event; // signalled when a bounce is given back

static bool bounce_prepare(struct bounce *bounce)
{
    int64_t event = bounce->event ? bounce->event : core_event_create();
    if (event < 0)
        return false;
    bounce->event = (handle_t)event;
    int64_t buffer = core_rref_alloc(BOUNCE_SIZE, 0);
    if (buffer < 0)
        return false;
    bounce->buffer = (rref_t)buffer;
    core_rref_completion(bounce->buffer, bounce->event, 0);
    return true;
}

// A free bounce, taken. NULL with *FULL if all are in use.
static struct bounce *pool_search(bool *full)
{
    struct bounce *found = NULL;
    mutex_lock(&pool_lock);
    for (uint32_t i = 0; i < BOUNCES && !found; i++)
        if (!pool[i].taken)
            found = &pool[i];
    *full = !found;
    if (found) {
        found->taken = found->buffer || bounce_prepare(found);
        if (!found->taken)
            found = NULL;
    } else if (!pool_event) {
        int64_t event = core_event_create();
        pool_event = event < 0 ? 0 : (handle_t)event;
    }
    mutex_unlock(&pool_lock);
    return found;
}

struct bounce *bounce_take(void)
{
    for (;;) {
        bool full;
        struct wait_item item = {.event = pool_event};
        if (item.event)
            item.seen = (uint64_t)core_event_count(item.event);
        struct bounce *bounce = pool_search(&full);
        if (bounce || !full)
            return bounce;
        if (!item.event || core_wait(&item, 1, WAIT_FOREVER) < 0)
            core_yield();
    }
}

void bounce_give(struct bounce *bounce)
{
    mutex_lock(&pool_lock);
    bounce->taken = false;
    mutex_unlock(&pool_lock);
    if (pool_event)
        core_event_signal(pool_event);
}

// Sleeps until the buffer's request has ended, whatever kicks the thread: the device may be writing
// to it. Returns the request's status, or -ETIMEDOUT.
static int64_t answer_wait(const struct bounce *bounce)
{
    struct completion completion;
    uint64_t deadline = core_time() + ANSWER_NS;
    for (;;) {
        struct wait_item item = {.event = bounce->event};
        item.seen = (uint64_t)core_event_count(bounce->event);
        if (core_completion_reap(bounce->event, &completion, 1) == 1)
            return completion.status;
        int64_t woken = core_wait(&item, 1, deadline);
        if (woken == -ETIMEDOUT)
            return woken;
        if (woken < 0)
            core_yield();
    }
}

// A request whose driver has crashed before it ended is made again: each can be done twice.
static int64_t request_insist(const struct bounce *bounce, handle_t service, uint32_t operation,
                              uint64_t offset, uint32_t length)
{
    int64_t status = 0;
    for (int tries = 0; tries < BLOCK_TRIES; tries++) {
        RpcResult result = block_submit(service, operation, offset, bounce->buffer, 0, length);
        if (result.status < 0 || result.value == BLOCK_DONE)
            return result.status;
        status = answer_wait(bounce);
        if (status != RPC_CRASHED)
            break;
    }
    return status;
}

int64_t bounce_submit(struct bounce **bounce, handle_t service, uint32_t operation, uint64_t offset,
                      uint32_t length)
{
    int64_t status = request_insist(*bounce, service, operation, offset, length);
    if (status != -ETIMEDOUT)
        return status;
    log_printf("a block device has not answered for 30 s: its buffer is lost");
    (*bounce)->buffer = 0; // a new one, and its own event, at the next use
    (*bounce)->event = 0;
    bounce_give(*bounce);
    *bounce = NULL;
    return status;
}
