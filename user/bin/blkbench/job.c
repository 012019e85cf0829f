// SPDX-License-Identifier: MIT
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "block.h"
#include "tool.h"
#include "windows.h"

#define PROGRESS_NS 250000000ull
#define PAGE        4096

/* Generations in the table below; blocks are written with 1 and up. */
enum { GENERATION_NEVER = 0, GENERATION_UNKNOWN = UINT32_MAX };

struct worker {
    const struct settings *settings;
    unsigned number;
    int device, messages;
    uint64_t first, step; /* its blocks: first, first + step ... in blocks of the device */
    uint64_t blocks;      /* how many these are */
    uint64_t next;        /* of a sequential pattern */
    uint64_t random;
    uint32_t *generations; /* of each block, what it holds; NULL without --verify */
    uint32_t generation;   /* of the last write */
    char *buffer;
    struct message totals;
    struct histogram histogram;
    struct windows windows;
};

static uint64_t nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t random_next(struct worker *worker)
{
    worker->random ^= worker->random >> 12;
    worker->random ^= worker->random << 25;
    worker->random ^= worker->random >> 27;
    return worker->random * 0x2545f4914f6cdd1dull >> 16;
}

static void message_send(struct worker *worker, enum message_kind kind)
{
    worker->totals.kind = kind;
    if (!tool_write(worker->messages, &worker->totals, sizeof worker->totals))
        _exit(1);
}

static uint64_t block_address(const struct worker *worker, uint64_t index)
{
    return (worker->first + index * worker->step) * worker->settings->block_size;
}

/* One request. The kernel may end it early with EINTR only before it has begun. */
static bool request_make(struct worker *worker, uint64_t index, bool write)
{
    uint64_t address = block_address(worker, index);
    size_t length = worker->settings->block_size;
    ssize_t done;
    worker->totals.made++;
    do
        done = write ? pwrite(worker->device, worker->buffer, length, (off_t)address)
                     : pread(worker->device, worker->buffer, length, (off_t)address);
    while (done < 0 && errno == EINTR);
    worker->totals.ended++;
    return done == (ssize_t)length;
}

static void block_write(struct worker *worker, uint64_t index)
{
    if (worker->generations) {
        worker->generation =
            worker->generation + 1 < GENERATION_UNKNOWN ? worker->generation + 1 : 1;
        block_fill(worker->buffer, worker->settings->block_size, block_address(worker, index),
                   worker->generation, worker->settings->seed);
    }
    bool done = request_make(worker, index, true);
    worker->totals.errors += !done;
    if (worker->generations)
        worker->generations[index] = done ? worker->generation : GENERATION_UNKNOWN;
}

static void block_read(struct worker *worker, uint64_t index)
{
    if (!request_make(worker, index, false)) {
        worker->totals.errors++;
        return;
    }
    if (!worker->generations)
        return;
    uint32_t expected = worker->generations[index];
    if (expected != GENERATION_NEVER && expected != GENERATION_UNKNOWN &&
        !block_check(worker->buffer, worker->settings->block_size, block_address(worker, index),
                     expected, worker->settings->seed))
        worker->totals.verify_errors++;
}

static uint64_t block_choose(struct worker *worker)
{
    if (worker->settings->random)
        return random_next(worker) % worker->blocks;
    uint64_t index = worker->next++;
    return index % worker->blocks;
}

static void blocks_prepare(struct worker *worker)
{
    if (!worker->settings->verify)
        return;
    worker->generations = calloc(worker->blocks, sizeof *worker->generations);
    if (!worker->generations)
        tool_fail("memory for the generations of all blocks (give a smaller --size)");
    for (uint64_t index = 0;
         worker->settings->direction != DIRECTION_WRITE && index < worker->blocks; index++)
        block_write(worker, index);
}

static void blocks_check(struct worker *worker)
{
    for (uint64_t index = 0; worker->generations && index < worker->blocks; index++)
        if (worker->generations[index] != GENERATION_NEVER)
            block_read(worker, index);
}

/* The requests that are measured. Each one's end is the next one's start. */
static void requests_run(struct worker *worker)
{
    const struct settings *settings = worker->settings;
    uint64_t started = nanoseconds_now(), before = started, reported = started;
    if (settings->log &&
        !windows_begin(&worker->windows, settings->log_window, started, settings->runtime_ns))
        tool_fail("memory for the log (give a larger --log_avg_msec)");
    uint64_t share = settings->ios / settings->depth +
                     (worker->number % settings->depth < settings->ios % settings->depth);
    while (settings->ios ? worker->totals.ios < share : before - started < settings->runtime_ns) {
        bool write = settings->direction == DIRECTION_WRITE ||
                     (settings->direction == DIRECTION_BOTH && random_next(worker) % 2);
        uint64_t index = block_choose(worker);
        (write ? block_write : block_read)(worker, index);
        uint64_t now = nanoseconds_now();
        histogram_add(&worker->histogram, now - before);
        if (worker->windows.room)
            windows_add(&worker->windows, now / settings->log_window, 1);
        worker->totals.ios++;
        before = now;
        if (now - reported >= PROGRESS_NS) {
            reported = now;
            message_send(worker, MESSAGE_PROGRESS);
        }
    }
    worker->totals.result.started = started;
    worker->totals.result.ended = before;
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
    unsigned job = worker->number / settings->depth, place = worker->number % settings->depth;
    uint64_t job_blocks = settings->size / settings->block_size;
    worker->first = job * job_blocks + place;
    worker->step = settings->depth;
    worker->blocks = (job_blocks - place + settings->depth - 1) / settings->depth;
    worker->random =
        (settings->seed + 1) * 0x9e3779b97f4a7c15ull + worker->number * 0xd1342543de82ef95ull;
    worker->random |= worker->random == 0;
    worker->totals.worker = worker->number;
    char *memory = malloc(settings->block_size + PAGE);
    if (!memory)
        tool_fail("memory for a block");
    worker->buffer = (char *)(((uintptr_t)memory + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    memset(worker->buffer, 0x5a,
           settings->block_size); /* no page is fetched while the clock runs */
    histogram_begin(&worker->histogram);
    blocks_prepare(worker);
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
    message_send(&worker, MESSAGE_READY);
    while (read(go, &start, 1) < 0 && errno == EINTR)
        ;
    requests_run(&worker);
    worker.totals.result.sum = worker.histogram.sum;
    worker.totals.result.least = worker.histogram.least;
    worker.totals.result.most = worker.histogram.most;
    message_send(&worker, MESSAGE_RESULT);
    histogram_send(&worker);
    windows_send(&worker);
    if (settings->direction != DIRECTION_READ)
        blocks_check(&worker);
    message_send(&worker, MESSAGE_FINISHED);
    _exit(0);
}
