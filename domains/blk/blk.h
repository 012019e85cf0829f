// SPDX-License-Identifier: MIT
// The virtio block device (virtio 1.2, 5.2): many requests in flight, none sleeps in here.
//
//     device.c      features, configuration, start
//     request.c     the table of requests: posted, waiting for room, finished
//     blk.c         the interface, the driver thread, update
//
// A request has its buffer on loan until it ends. What goes well ends in the interrupt, where the
// core completes the loan (virtio_buffer.ends) and this domain has no part: it takes its records
// later, many at once. It ends what fails, a flush, and what is larger than the device takes at
// once, which goes out piece by piece under one table entry.
// blk_mutex covers the table and the device; nothing sleeps with it.
//
// Both versions are these sources. `parameter batch` of the manifest tells them apart: how many
// requests that are announced with BLOCK_MORE may wait for one notification.
#pragma once
#include "block.h"
#include "domain.h"
#include "virtio.h"

#define REQUESTS_MAX 256
#define QUEUE        0
#define QUEUE_SIZE   128

struct blk_device {
    uint64_t size; // bytes
    uint64_t features;
    uint32_t piece_max; // bytes that one virtio request may carry
    handle_t irq;       // event
};

// Counted since the service's start, across updates.
struct blk_totals {
    uint64_t requests, ended, notifications, errors;
};

// What an update hands on: the successor goes on with the device as it is, without a reset, and
// with the requests that the device has. Entries of these follow; schema 2 has blk_announced at the
// end.
struct blk_state {
    uint64_t size, features;
    uint32_t piece_max;
    uint32_t reserved;
    struct blk_totals totals;
};

extern struct blk_device blk_device;
extern struct blk_totals blk_totals;
extern uint64_t blk_announced; // requests that came with BLOCK_MORE
extern struct mutex blk_mutex;

// virtio 1.2, 5.2.3
#define FEATURE_SEG_MAX    (1ULL << 2)
#define FEATURE_READ_ONLY  (1ULL << 5)
#define FEATURE_BLOCK_SIZE (1ULL << 6)
#define FEATURE_FLUSH      (1ULL << 9)

static inline bool device_has(uint64_t feature)
{
    return (blk_device.features & feature) != 0;
}

// ---- device.c ----
// Resets the device, agrees on features, reads its size. 0 or a negative errno.
int64_t device_start(void);
// Goes on with a device that runs: its interrupts come here from now on.
int64_t device_adopt(void);

// ---- request.c; all but the first with blk_mutex held ----
// Begins a request: posted, or in the queue of those that wait for room, and the device is told if
// it is its turn. -EAGAIN: the table is full; or why the core refuses it.
int64_t request_begin(uint32_t operation, uint64_t offset, rref_t buffer, uint32_t start,
                      uint32_t length);
void request_table_reset(void);
// Takes what the device has finished, ends what is not ended yet, posts what waited for room.
void request_reap(void);
uint32_t request_count(void);
// Is the device to be told of what was posted: at once, or (MORE) when a batch has come together?
// True: the caller tells it, core_virtio_notify, and need not hold blk_mutex for that.
bool request_is_due(bool more);
void request_notify(void); // tells it, at once
// Entries as they are, for the successor.
struct state_writer;
struct state_reader;
void request_export(struct state_writer *writer);
void request_import(struct state_reader *reader);
