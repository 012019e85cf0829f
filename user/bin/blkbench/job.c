// SPDX-License-Identifier: MIT
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kernel_words.h"
#include "tool.h"
#include "worker.h"

#define CLOCK_SELDOM 64 /* requests */

static void message_send(struct worker *worker, enum message_kind kind)
{
    worker->totals.kind = kind;
    if (!tool_write(worker->messages, &worker->totals, sizeof worker->totals))
        _exit(1);
}

/* One request. The kernel may end it early with EINTR only before it has begun. */
ALWAYS_INLINE bool request_make(struct worker *worker, const struct settings *settings,
                                struct lane *lane, uint64_t index, bool write)
{
    uint64_t address = lane_address(lane, settings, index);
    size_t length = settings->block_size;
    ssize_t done;
    do
        done = write ? pwrite(worker->device, lane->buffer, length, (off_t)address)
                     : pread(worker->device, lane->buffer, length, (off_t)address);
    while (done < 0 && errno == EINTR);
    worker->totals.ended = ++worker->totals.made; /* nobody is told in between */
    return done == (ssize_t)length;
}

ALWAYS_INLINE void block_write(struct worker *worker, const struct settings *settings,
                               struct lane *lane, uint64_t index)
{
    bool verified = lane->generations != NULL;
    if (verified)
        lane_fill(lane, settings, index);
    bool done = request_make(worker, settings, lane, index, true);
    if (!done)
        worker->totals.errors++;
    if (verified)
        lane_written(lane, index, done);
}

ALWAYS_INLINE void block_read(struct worker *worker, const struct settings *settings,
                              struct lane *lane, uint64_t index)
{
    if (!request_make(worker, settings, lane, index, false))
        worker->totals.errors++;
    else if (lane->generations)
        worker->totals.verify_errors += !lane_is_right(lane, settings, index);
}

static void blocks_prepare(struct worker *worker, struct lane *lane)
{
    if (!lane->generations || worker->settings->direction == DIRECTION_WRITE)
        return;
    for (uint64_t index = 0; index < lane->blocks; index++)
        block_write(worker, worker->settings, lane, index);
}

static void blocks_check(struct worker *worker, struct lane *lane)
{
    for (uint64_t index = 0; lane->generations && index < lane->blocks; index++)
        if (lane_knows(lane, index))
            block_read(worker, worker->settings, lane, index);
}

void worker_report(struct worker *worker, uint64_t now)
{
    worker->reported = now;
    message_send(worker, MESSAGE_PROGRESS);
}

/* One request after the other; each one's end is the next one's start. Where the clock is read
   seldom, a request ends roughly. */
static uint64_t turns_run(struct worker *worker, uint64_t started, uint64_t share)
{
    const struct settings settings = *worker->settings; /* which no call changes */
    struct lane *lane = worker->lanes;
    uint64_t before = started, made = 0;
    while (settings.ios ? made < share : before - started < settings.runtime_ns) {
        bool write;
        uint64_t index = lane_choose(lane, &settings, &write);
        if (write)
            block_write(worker, &settings, lane, index);
        else
            block_read(worker, &settings, lane, index);
        if (!settings.clock_seldom) {
            uint64_t now = nanoseconds_now();
            histogram_add(&worker->histogram, now - before);
            before = now;
        } else if (made % CLOCK_SELDOM == 0) {
            before = nanoseconds_now();
        }
        worker_count(worker, before);
        made++;
    }
    return settings.clock_seldom ? nanoseconds_now() : before;
}

/* The requests that are measured. */
static void requests_run(struct worker *worker)
{
    const struct settings *settings = worker->settings;
    uint64_t started = nanoseconds_now();
    worker->reported = started;
    if (settings->log &&
        !windows_begin(&worker->windows, settings->log_window, started, settings->runtime_ns))
        tool_fail("memory for the log (give a larger --log_avg_msec)");
    uint64_t share = settings->ios;
    if (worker->lane_count < settings->depth)
        share = settings->ios / settings->depth +
                (worker->number % settings->depth < settings->ios % settings->depth);
    worker->totals.result.ended = worker->lane_count > 1 ? ring_run(worker, started, share)
                                                         : turns_run(worker, started, share);
    worker->totals.result.started = started;
}

static void histogram_send(struct worker *worker)
{
    struct message *message = &worker->totals;
    for (uint32_t first = 0; first < HISTOGRAM_BUCKETS; first += MESSAGE_BUCKETS_EACH) {
        message->buckets.first = first;
        memcpy(message->buckets.counts, worker->histogram.buckets + first,
               sizeof message->buckets.counts);
        message_send(worker, MESSAGE_BUCKETS);
    }
}

static void windows_send(struct worker *worker)
{
    struct message *message = &worker->totals;
    const struct windows *windows = &worker->windows;
    for (uint32_t place = 0; place < windows->room; place += MESSAGE_BUCKETS_EACH) {
        uint32_t left = windows->room - place, count = MESSAGE_BUCKETS_EACH;
        memset(message->buckets.counts, 0, sizeof message->buckets.counts);
        memcpy(message->buckets.counts, windows->counts + place,
               (left < count ? left : count) * sizeof *windows->counts);
        message->buckets.first = windows->first + place;
        message_send(worker, MESSAGE_WINDOWS);
    }
}

static void worker_prepare(struct worker *worker)
{
    const struct settings *settings = worker->settings;
    worker->lane_count = settings->rings ? settings->depth : 1;
    worker->lanes = calloc(worker->lane_count, sizeof *worker->lanes);
    if (!worker->lanes)
        tool_fail("memory for the requests");
    worker->totals.worker = worker->number;
    histogram_begin(&worker->histogram);
    for (unsigned i = 0; i < worker->lane_count; i++) {
        unsigned request = worker->number * worker->lane_count + i;
        lane_prepare(&worker->lanes[i], settings, request / settings->depth,
                     request % settings->depth);
        blocks_prepare(worker, &worker->lanes[i]);
    }
}

_Noreturn void worker_run(const struct settings *settings, int device, unsigned number,
                          int messages, int go)
{
    static struct worker worker;
    char start;
    worker.settings = settings;
    worker.device = device;
    worker.messages = messages;
    worker.number = number;
    worker_prepare(&worker);
    worker.is_counted = kernel_word_is_set("icount");
    message_send(&worker, MESSAGE_READY);
    while (read(go, &start, 1) < 0 && errno == EINTR)
        ;
    requests_run(&worker);
    worker.totals.result.insns = worker.is_counted ? kernel_instructions() : 0;
    worker.totals.result.sum = worker.histogram.sum;
    worker.totals.result.least = worker.histogram.least;
    worker.totals.result.most = worker.histogram.most;
    message_send(&worker, MESSAGE_RESULT);
    histogram_send(&worker);
    windows_send(&worker);
    for (unsigned i = 0; i < worker.lane_count && settings->direction != DIRECTION_READ; i++)
        blocks_check(&worker, &worker.lanes[i]);
    message_send(&worker, MESSAGE_FINISHED);
    _exit(0);
}
