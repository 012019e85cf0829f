// SPDX-License-Identifier: MIT
#include "disk.h"

#include "block_client.h"
#include "domain.h"
#include "fs.h"

#define ANSWER_NS 30000000000u // then the disk is given up
#define PAUSE_NS  50000000u    // between two attempts
#define ATTEMPTS  16           // 0.8 s in all: with the wait for a lock what any method may wait

static rref_t buffer;
static handle_t event;      // the buffer's completions
static handle_t lent_event; // and those of what is written out of others
static bool is_away;        // the driver was not back in time: nobody waits until it answers again

static bool event_make(handle_t *made)
{
    int64_t event_or_error = *made ? *made : core_event_create();
    if (event_or_error > 0)
        *made = (handle_t)event_or_error;
    return event_or_error > 0;
}

uint8_t *disk_buffer(void)
{
    if (buffer)
        return (uint8_t *)(uintptr_t)(uint32_t)buffer;
    if (!event_make(&event))
        return NULL;
    int64_t made = core_rref_alloc(DISK_BUFFER_SIZE, 0);
    if (made < 0)
        return NULL;
    buffer = (rref_t)made;
    core_rref_completion(buffer, event, 0);
    return (uint8_t *)(uintptr_t)(uint32_t)buffer;
}

static void pause(void)
{
    struct wait_item item = {.event = event};
    item.seen = (uint64_t)core_event_count(event);
    if (core_wait(&item, 1, core_time() + PAUSE_NS) != -ETIMEDOUT)
        core_yield();
}

// Whatever kicks the thread: the device may be at work on the buffer. -ETIMEDOUT: it still is.
static int64_t answer_wait(handle_t where)
{
    struct completion completion;
    uint64_t deadline = core_time() + ANSWER_NS;
    for (;;) {
        struct wait_item item = {.event = where};
        item.seen = (uint64_t)core_event_count(where);
        if (core_completion_reap(where, &completion, 1) == 1)
            return completion.status;
        int64_t woken = core_wait(&item, 1, deadline);
        if (woken == -ETIMEDOUT) {
            log_printf("the disk has not answered for 30 s: its buffer is lost");
            return woken;
        }
        if (woken < 0)
            core_yield();
    }
}

// A driver that is gone comes back, or it does not; where there never was one, nobody waits.
static bool may_come_back(int64_t status)
{
    return status < -4095 && status != RPC_NO_HANDLE && status != RPC_DENIED;
}

// After the request's ATTEMPT: the driver may be back for another. An operation makes many
// requests, and of a driver that was stopped it must not wait for each of them.
static bool is_worth_repeating(int64_t status, int attempt)
{
    bool waits_in_vain = status == RPC_DEAD && is_away;
    if (may_come_back(status) && attempt < ATTEMPTS && !waits_in_vain) {
        pause();
        return true;
    }
    is_away = status == RPC_DEAD;
    return false;
}

static int64_t disk_error(int64_t status)
{
    return status >= -4095 ? status : status == RPC_NO_HANDLE ? -ENXIO : -EIO;
}

static int64_t request(uint32_t operation, uint64_t offset, uint32_t length)
{
    RpcResult result = block_submit(HANDLE_DISK, operation, offset, buffer, 0, length);
    if (result.status < 0 || result.value == BLOCK_DONE)
        return result.status;
    int64_t status = answer_wait(event);
    if (status == -ETIMEDOUT)
        buffer = event = 0; // a new one, and an event of its own, at the next use
    return status;
}

int64_t disk_transfer(enum block_operation operation, uint64_t offset, uint32_t length)
{
    int64_t status;
    int attempt = 0;
    do {
        if (!disk_buffer()) // also one that was lost meanwhile
            return -ENOMEM;
        status = request(operation, offset, length);
    } while (is_worth_repeating(status, ++attempt));
    return disk_error(status);
}

// ---- Out of other domains' buffers ----

#define RUNS_MAX 16u // that may be on their way

static struct {
    rref_t source; // of all
    uint32_t count, queued;
    int64_t status; // the first error of those that have ended
    struct {
        uint64_t offset;
        uint32_t start, length;
    } runs[RUNS_MAX];
} lent;

static void run_submit(uint32_t i)
{
    RpcResult answer = block_submit(HANDLE_DISK, BLOCK_WRITE, lent.runs[i].offset, lent.source,
                                    lent.runs[i].start, lent.runs[i].length);
    if (answer.status < 0)
        lent.status = lent.status ? lent.status : answer.status;
    else
        lent.queued += answer.value != BLOCK_DONE;
}

int64_t disk_write_begin(rref_t source, uint32_t start, uint64_t offset, uint32_t length)
{
    bool is_another = source != lent.source || lent.count == RUNS_MAX;
    int64_t error = lent.count && is_another ? disk_write_settle() : 0;
    if (error < 0)
        return error;
    if (!event_make(&event) || !event_make(&lent_event))
        return -ENOMEM;
    if (!lent.count) {
        error = core_rref_completion(source, lent_event, 0);
        lent.source = source;
        lent.queued = 0;
        lent.status = 0;
    }
    if (error < 0)
        return error;
    uint32_t i = lent.count++;
    lent.runs[i].offset = offset;
    lent.runs[i].start = start;
    lent.runs[i].length = length;
    run_submit(i);
    return 0;
}

// Which of them a completion is of is not told, so all are waited for.
static int64_t lent_wait(void)
{
    for (; lent.queued && lent.status != -ETIMEDOUT; lent.queued--) {
        int64_t status = answer_wait(lent_event);
        if (status < 0 && (!lent.status || status == -ETIMEDOUT))
            lent.status = status;
    }
    return lent.status;
}

int64_t disk_write_settle(void)
{
    if (!lent.count)
        return 0;
    int64_t status = lent_wait();
    for (int attempt = 1; is_worth_repeating(status, attempt); attempt++) {
        lent.status = 0;
        for (uint32_t i = 0; i < lent.count; i++)
            run_submit(i);
        status = lent_wait();
    }
    lent.count = 0;
    if (status == -ETIMEDOUT)
        lent_event = 0; // what comes so late is nobody's
    return status < 0 ? disk_error(status) : 1;
}

int64_t disk_read_into(rref_t target, uint32_t start, uint64_t offset, uint32_t length)
{
    RpcResult result = block_submit(HANDLE_DISK, BLOCK_READ, offset, target, start, length);
    if (result.status < 0)
        return disk_error(result.status);
    return result.value == BLOCK_DONE ? length : FS_QUEUED;
}

int64_t disk_flush(void)
{
    return disk_transfer(BLOCK_FLUSH, 0, 0);
}

// What a method without a buffer answers.
static int64_t ask(RpcResult (*method)(handle_t disk))
{
    RpcResult result;
    int attempt = 0;
    if (!disk_buffer())
        return -ENOMEM;
    do
        result = method(HANDLE_DISK);
    while (is_worth_repeating(result.status, ++attempt));
    return result.status < 0 ? disk_error(result.status) : (int64_t)result.value;
}

int64_t disk_size(void)
{
    return ask(block_size);
}

int64_t disk_read_only(void)
{
    return ask(block_read_only);
}
