// SPDX-License-Identifier: MIT
// A job with several requests in flight: the system's rings (domainlib/include/block_ring.h), one
// lane for each request.
#include <bulkhead.h>
#include <errno.h>
#include <stdlib.h>
#include "domainlib/include/block_ring.h"
#include "tool.h"
#include "worker.h"

struct flight {
    uint64_t index, began;
    bool write;
};

struct rings {
    struct block_ring *ring;
    struct flight flights[BLOCK_RING_DEPTH]; /* by lane */
    uint64_t made;                           /* measured requests */
    uint32_t read, in_flight;                /* results that were read */
};

static uint32_t power_above(uint32_t count)
{
    uint32_t power = 1;
    while (power < count)
        power *= 2;
    return power;
}

static struct block_ring *ring_make(unsigned depth)
{
    uint32_t size = power_above(depth);
    struct block_ring *ring = calloc(1, sizeof *ring + size * (sizeof(struct block_ring_request) +
                                                               sizeof(struct block_ring_result)));
    if (!ring)
        tool_fail("memory for the rings");
    ring->size = size;
    return ring;
}

static void request_submit(struct worker *worker, struct rings *rings, unsigned number)
{
    struct lane *lane = &worker->lanes[number];
    struct flight *flight = &rings->flights[number];
    struct block_ring *ring = rings->ring;
    flight->index = lane_choose(lane, worker->settings, &flight->write);
    if (flight->write && lane->generations)
        lane_fill(lane, worker->settings, flight->index);
    flight->began = worker->settings->clock_seldom ? 0 : nanoseconds_now();
    block_ring_requests(ring)[ring->submitted++ % ring->size] = (struct block_ring_request){
        .tag = number,
        .address = (uintptr_t)lane->buffer,
        .offset = lane_address(lane, worker->settings, flight->index),
        .length = (uint32_t)worker->settings->block_size,
        .file = worker->device,
        .operation = flight->write ? BLOCK_RING_WRITE : BLOCK_RING_READ,
    };
    worker->totals.made++;
    rings->made++;
    rings->in_flight++;
}

/* Takes a result. The number of its lane. */
static unsigned result_take(struct worker *worker, struct rings *rings, uint64_t now)
{
    const struct block_ring_result result =
        block_ring_results(rings->ring)[rings->read++ % rings->ring->size];
    struct lane *lane = &worker->lanes[result.tag];
    const struct flight *flight = &rings->flights[result.tag];
    bool done = result.result == (int64_t)worker->settings->block_size;
    worker->totals.ended++;
    worker->totals.errors += !done;
    if (flight->write && lane->generations)
        lane_written(lane, flight->index, done);
    else if (done && lane->generations)
        worker->totals.verify_errors += !lane_is_right(lane, worker->settings, flight->index);
    if (!worker->settings->clock_seldom)
        histogram_add(&worker->histogram, now - flight->began);
    worker_count(worker, now);
    rings->in_flight--;
    return (unsigned)result.tag;
}

static void ring_enter(const struct rings *rings)
{
    while (block_ring_enter(rings->ring, rings->in_flight - 1) < 0)
        if (errno != EINTR)
            tool_fail("block_ring_enter");
}

uint64_t ring_run(struct worker *worker, uint64_t started, uint64_t share)
{
    const struct settings *settings = worker->settings;
    struct rings rings = {.ring = ring_make(worker->lane_count)};
    uint64_t now = started;
    for (unsigned number = 0; number < worker->lane_count && (!share || rings.made < share);
         number++)
        request_submit(worker, &rings, number);
    while (rings.in_flight) {
        ring_enter(&rings);
        now = nanoseconds_now();
        while (rings.read != *(volatile uint32_t *)&rings.ring->completed) {
            unsigned number = result_take(worker, &rings, now);
            if (share ? rings.made < share : now - started < settings->runtime_ns)
                request_submit(worker, &rings, number);
        }
    }
    free(rings.ring);
    return now;
}
