// SPDX-License-Identifier: MIT
// The virtio entropy device (virtio 1.2, 5.4): one queue, and each buffer comes back with as many
// random bytes as the device had.
//
// The device fills a pool of our own, of which callers get copies: what was given is wiped, so
// nobody gets the same. The pool is asked for when a caller finds it empty, and the caller waits
// for the interrupt itself: there is no thread. One that gives up leaves the request with the
// device, and the next one finds its bytes. No state is worth keeping: an instance that follows
// begins with a reset device and an empty pool.
#include "domain.h"
#include "entropy_server.h"
#include "virtio.h"

#define QUEUE      0
#define QUEUE_SIZE 1
#define POOL_BYTES 256
#define ANSWER_NS  1000000000ULL // what a caller waits for the device

static struct {
    struct mutex lock;
    rref_t bytes;       // POOL_BYTES, of which the first `available` are random
    uint32_t available; // not given to anybody yet
    bool posted;        // the device has it
    handle_t irq;       // event
} pool;

// ---- With the lock held ----

// Takes back what the device has filled. -EIO: it came back with nothing.
static int64_t pool_reap(void)
{
    struct virtio_done done;
    if (!pool.posted || core_virtio_reap(HANDLE_SOURCE, QUEUE, &done, 1) != 1)
        return 0;
    pool.posted = false;
    if (!done.written || done.written == VIRTIO_LOST)
        return -EIO;
    pool.available = done.written < POOL_BYTES ? done.written : POOL_BYTES;
    return 0;
}

static int64_t pool_post(void)
{
    struct virtio_buffer buffer = virtio_written_by_device(pool.bytes, 0, POOL_BYTES);
    int64_t status = core_virtio_post(HANDLE_SOURCE, QUEUE, &buffer, 1, 0);
    if (status < 0)
        return status;
    pool.posted = true;
    return core_virtio_notify(HANDLE_SOURCE, QUEUE);
}

// Returns how many bytes were given; 0: the interrupt tells when to look again.
static int64_t pool_take(rref_t buffer, uint32_t start, uint32_t length)
{
    int64_t status = pool_reap();
    if (status < 0)
        return status;
    if (!pool.available)
        return pool.posted ? 0 : pool_post();
    uint32_t n = length < pool.available ? length : pool.available;
    uint32_t from = pool.available - n;
    status = core_rref_copy(buffer, start, pool.bytes, from, n);
    if (status < 0)
        return status;
    core_rref_fill(pool.bytes, from, 0, n);
    pool.available = from;
    return n;
}

// ---- The interface ----

RpcResult entropy_do_read(rref_t buffer, uint32_t start, uint32_t length)
{
    uint64_t deadline = core_time() + ANSWER_NS;
    struct wait_item item = {.event = pool.irq};
    if (!length)
        return rpc_ok(0);
    for (;;) {
        item.seen = (uint64_t)core_event_count(pool.irq);
        mutex_lock(&pool.lock);
        int64_t taken = pool_take(buffer, start, length);
        mutex_unlock(&pool.lock);
        if (taken)
            return taken < 0 ? rpc_error(taken) : rpc_ok((uint64_t)taken);
        int64_t woken = core_wait(&item, 1, deadline);
        if (woken < 0)
            return rpc_error(woken == -ETIMEDOUT ? -EAGAIN : woken);
    }
}

// ---- Life cycle ----

static int64_t source_start(void)
{
    uint64_t accepted;
    int64_t status = virtio_start(HANDLE_SOURCE, 0, 1, QUEUE_SIZE, &accepted);
    if (status < 0)
        log_printf("the device does not start (error %d)", (int)-status);
    return status;
}

int64_t domain_attach(void)
{
    int64_t status = source_start();
    if (status < 0)
        return status;
    int64_t irq = core_irq_event(HANDLE_SOURCE);
    int64_t bytes = irq < 0 ? irq : core_rref_alloc(POOL_BYTES, 0);
    if (bytes < 0)
        return bytes;
    pool.irq = (handle_t)irq;
    pool.bytes = (rref_t)bytes;
    return 0;
}

// A device that still has the pool could not be started by a successor.
int64_t domain_detach(uint64_t resume)
{
    struct virtio_done lost;
    if (resume)
        return source_start();
    int64_t status = core_virtio_stop(HANDLE_SOURCE);
    core_virtio_reap(HANDLE_SOURCE, QUEUE, &lost, 1);
    pool.posted = false;
    return status;
}
