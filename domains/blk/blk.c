// SPDX-License-Identifier: MIT
#include "blk.h"
#include "block_server.h"
#include "state.h"

#define KIND     STATE_KIND('v', 'b', 'l', 'k')
#define DRAIN_NS 1000000000ULL // what a stop waits for the device
#define LOOK_NS  1000000ULL    // from one look whether it is done to the next

struct mutex blk_mutex;
static struct worker worker;

// ---- The interface ----

RpcResult block_do_size(void)
{
    return rpc_ok(blk_device.size);
}

RpcResult block_do_read_only(void)
{
    return rpc_ok(device_has(FEATURE_READ_ONLY));
}

// What needs no device: answered at once. BLOCK_QUEUED: it is the device's turn.
static RpcResult submit_check(uint32_t operation, uint64_t offset, uint32_t length)
{
    uint32_t kind = operation & BLOCK_OPERATION_MASK;
    int64_t status = block_check(operation, offset, length, blk_device.size);
    if (status < 0)
        return rpc_error(status);
    if (kind == BLOCK_DISCARD)
        return rpc_error(-ENOSYS);
    if (kind == BLOCK_WRITE && device_has(FEATURE_READ_ONLY))
        return rpc_error(-EROFS);
    // Without the feature the device writes through (virtio 1.2, 5.2.5.1).
    return rpc_ok(kind == BLOCK_FLUSH && !device_has(FEATURE_FLUSH) ? BLOCK_DONE : BLOCK_QUEUED);
}

RpcResult block_do_submit(uint32_t operation, uint64_t offset, rref_t buffer, uint32_t start,
                          uint32_t length)
{
    RpcResult result = submit_check(operation, offset, length);
    if (result.status < 0 || result.value == BLOCK_DONE)
        return result;
    int64_t status = request_begin(operation, offset, buffer, start, length);
    return status < 0 ? rpc_error(status) : rpc_ok(BLOCK_QUEUED);
}

RpcResult block_do_kick(void)
{
    mutex_lock(&blk_mutex);
    bool due = request_is_due(false);
    mutex_unlock(&blk_mutex);
    if (due)
        core_virtio_notify(HANDLE_DISK, QUEUE);
    return rpc_ok(0);
}

// ---- The driver thread ----

static void drive(struct worker *self)
{
    struct wait_item items[2] = {{.event = blk_device.irq}};
    do {
        mutex_lock(&blk_mutex);
        if (!worker_is_stopping(self)) {
            request_reap();
            core_irq_done(HANDLE_DISK);
        }
        mutex_unlock(&blk_mutex);
    } while (worker_wait(self, items, 1, WAIT_FOREVER));
}

// With the driver thread stopped and no callers left: waits until the device has nothing of ours.
static int64_t drain(void)
{
    uint64_t deadline = core_time() + DRAIN_NS;
    struct wait_item item = {.event = blk_device.irq};
    for (;;) {
        item.seen = (uint64_t)core_event_count(blk_device.irq);
        mutex_lock(&blk_mutex);
        request_reap();
        uint32_t left = request_count();
        mutex_unlock(&blk_mutex);
        uint64_t now = core_time();
        core_irq_done(HANDLE_DISK);
        if (!left)
            return 0;
        if (now >= deadline) {
            log_printf("%u requests are still with the device; try again later", left);
            return -EBUSY;
        }
        core_wait(&item, 1, now + LOOK_NS); // of those that go well no interrupt is told
    }
}

// ---- Life cycle ----

static bool exported; // the requests are the successor's
static bool imported; // the device runs already, and how is in blk_device

static int64_t start(void)
{
    if (!imported)
        request_table_reset();
    int64_t status = imported ? device_adopt() : device_start();
    return status < 0 ? status : worker_start(&worker, drive);
}

int64_t domain_init(void)
{
    return worker_prepare(&worker, drive);
}

// Not in the one that serves: to read its table takes the mutex that callers need.
int64_t domain_rehearse(uint64_t serving)
{
    if (serving)
        return 0;
    handover_rehearse(DOMAIN_SCHEMA);
    imported = exported = false;
    return 0;
}

int64_t domain_attach(void)
{
    int64_t status = start();
    if (status == 0 && !imported)
        log_printf("%u MiB, %s, %u KiB a piece, %u to a notification",
                   (unsigned)(blk_device.size >> 20),
                   device_has(FEATURE_READ_ONLY) ? "read-only"
                   : device_has(FEATURE_FLUSH)   ? "write-back"
                                                 : "write-through",
                   blk_device.piece_max >> 10, (unsigned)PARAMETER_BATCH);
    return status;
}

// Resuming after an update that failed: the entries are still here, and the device is at work on
// them.
int64_t domain_detach(uint64_t resume)
{
    if (resume) {
        exported = false;
        return worker_start(&worker, drive);
    }
    mutex_lock(&blk_mutex);
    worker_stop(&worker);
    mutex_unlock(&blk_mutex);
    return 0;
}

RpcResult domain_export(uint64_t schema)
{
    struct state_writer writer = {0};
    if (schema < 1 || schema > DOMAIN_SCHEMA)
        return rpc_error(-EINVAL);
    request_notify(); // nobody would know any more that there is something to tell
    const struct blk_state state = {.size = blk_device.size,
                                    .features = blk_device.features,
                                    .piece_max = blk_device.piece_max,
                                    .totals = blk_totals};
    state_write(&writer, &state, sizeof state);
    request_export(&writer);
    if (schema >= 2)
        state_write_u64(&writer, blk_announced);
    exported = true;
    return state_finish(&writer, KIND, schema);
}

int64_t domain_import(rref_t rref, uint64_t schema)
{
    struct state_reader reader;
    struct blk_state state;
    state_open(&reader, rref, KIND, schema);
    state_read(&reader, &state, sizeof state);
    request_import(&reader);
    if (schema >= 2)
        blk_announced = state_read_u64(&reader);
    blk_device.size = state.size;
    blk_device.features = state.features;
    blk_device.piece_max = state.piece_max;
    blk_totals = state.totals;
    imported = true;
    return state_close(&reader);
}

// At a stop. After an update the requests are the successor's.
int64_t domain_exit(void)
{
    log_printf("%lu requests with %lu notifications, %lu ended, %lu errors", blk_totals.requests,
               blk_totals.notifications, blk_totals.ended, blk_totals.errors);
    return exported ? 0 : drain();
}
