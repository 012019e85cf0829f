// SPDX-License-Identifier: MIT
// A block device that forgets: writes vanish, reads leave the buffer as it was. What remains is the
// price of a request. The manifest says how long each takes and how many may be under way:
// `parameter delay_us 0` ends each at once, in the call; otherwise a thread ends them in order.
#include "block.h"
#include "block_server.h"
#include "domain.h"

#define DEPTH_MAX 256
#define SCHEMA    1

_Static_assert(PARAMETER_DEPTH >= 1 && PARAMETER_DEPTH <= DEPTH_MAX, "the queue has room for it");

// Requests under way, oldest first; all take equally long, so they end in this order.
static struct {
    struct mutex mutex;
    uint32_t head, tail; // both only grow
    struct {
        rref_t buffer;
        uint64_t due; // ns since boot
    } entry[DEPTH_MAX];
} queue;

static struct worker worker;

RpcResult block_do_size(void)
{
    return rpc_ok((uint64_t)PARAMETER_MEGABYTES << 20);
}

RpcResult block_do_read_only(void)
{
    return rpc_ok(0);
}

static int64_t queue_add(rref_t buffer)
{
    int64_t status = -EAGAIN;
    mutex_lock(&queue.mutex);
    if (queue.head - queue.tail < PARAMETER_DEPTH)
        status = core_rref_hold(buffer);
    if (status == 0) {
        uint32_t place = queue.head++ % DEPTH_MAX;
        queue.entry[place].buffer = buffer;
        queue.entry[place].due = core_time() + PARAMETER_DELAY_US * 1000;
    }
    mutex_unlock(&queue.mutex);
    worker_wake(&worker);
    return status;
}

RpcResult block_do_submit(uint32_t operation, uint64_t offset, rref_t buffer, uint32_t start,
                          uint32_t length)
{
    (void)start;
    int64_t status = block_check(operation, offset, length, (uint64_t)PARAMETER_MEGABYTES << 20);
    if (status < 0)
        return rpc_error(status);
    if (!PARAMETER_DELAY_US)
        return rpc_ok(BLOCK_DONE);
    status = queue_add(buffer);
    return status < 0 ? rpc_error(status) : rpc_ok(BLOCK_QUEUED);
}

RpcResult block_do_kick(void)
{
    return rpc_ok(0);
}

// Ends what is due by NOW. Returns when the next one is.
static uint64_t queue_end_due(uint64_t now)
{
    uint64_t next = WAIT_FOREVER;
    mutex_lock(&queue.mutex);
    for (; queue.tail != queue.head; queue.tail++) {
        uint32_t place = queue.tail % DEPTH_MAX;
        if (queue.entry[place].due > now) {
            next = queue.entry[place].due;
            break;
        }
        core_rref_complete(queue.entry[place].buffer, 0);
    }
    mutex_unlock(&queue.mutex);
    return next;
}

static void serve(struct worker *self)
{
    struct wait_item items[1];
    while (worker_wait(self, items, 0, queue_end_due(core_time())))
        ;
}

// ---- Life cycle: nothing is handed over, so what is under way ends early. ----

static int64_t start(void)
{
    return PARAMETER_DELAY_US ? worker_start(&worker, serve) : 0;
}

int64_t domain_attach(void)
{
    return start();
}

int64_t domain_detach(uint64_t resume)
{
    if (resume)
        return start();
    worker_stop(&worker); // it may still end requests, which nobody minds
    return 0;
}

RpcResult domain_export(uint64_t schema)
{
    if (schema != SCHEMA)
        return rpc_error(-EINVAL);
    queue_end_due(WAIT_FOREVER);
    int64_t state = core_rref_alloc(8, SCHEMA);
    return state < 0 ? rpc_error(state) : rpc_ok((rref_t)state);
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    core_rref_free(state);
    return schema == SCHEMA ? 0 : -EINVAL;
}
