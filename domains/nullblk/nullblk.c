// SPDX-License-Identifier: MIT
// The null block device: memory behind the block interface, every request done at once. It measures
// the stack above a device, and keeps its bytes across updates and crashes.
//
// Both versions are these sources, and count the requests that they have served, across updates.
// The second (`parameter count 1`) counts bytes as well and tells both in the kernel log when it
// hands over. The state is which pieces there are, and the count; the pieces' bytes stay where they
// are. Schema 2 has the bytes as well.
#include "block.h"
#include "block_server.h"
#include "state.h"
#include "store.h"

#define KIND STATE_KIND('n', 'b', 'l', 'k')

static struct {
    uint64_t requests, bytes;
} served;

RpcResult block_do_size(void)
{
    return rpc_ok(store.size);
}

RpcResult block_do_read_only(void)
{
    return rpc_ok(0);
}

static void count(uint32_t length)
{
    __atomic_fetch_add(&served.requests, 1, __ATOMIC_RELAXED);
    if (PARAMETER_COUNT)
        __atomic_fetch_add(&served.bytes, length, __ATOMIC_RELAXED);
}

static inline RpcResult answer(int64_t status)
{
    return status < 0 ? rpc_error(status) : rpc_ok(BLOCK_DONE);
}

// What is not a read or a write of one piece that is there.
static __attribute__((noinline)) RpcResult
submit_other(uint32_t operation, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    int64_t status = 0;
    switch (operation & BLOCK_OPERATION_MASK) {
    case BLOCK_READ:
        status = store_read(offset, buffer, start, length);
        break;
    case BLOCK_WRITE:
        status = store_write(offset, buffer, start, length);
        break;
    case BLOCK_DISCARD:
        status = store_discard(offset, length);
        break;
    }
    return answer(status);
}

RpcResult block_do_submit(uint32_t operation, uint64_t offset, rref_t buffer, uint32_t start,
                          uint32_t length)
{
    uint32_t kind = operation & BLOCK_OPERATION_MASK;
    int64_t status = block_check(operation, offset, length, store.size);
    if (status < 0)
        return rpc_error(status);
    count(length);
    rref_t piece = kind <= BLOCK_WRITE ? store_piece(offset, length) : 0;
    uint64_t place = offset % PIECE_BYTES;
    if (!piece)
        return submit_other(operation, offset, buffer, start, length);
    return answer(kind == BLOCK_READ ? core_rref_copy(buffer, start, piece, place, length)
                                     : core_rref_copy(piece, place, buffer, start, length));
}

RpcResult block_do_kick(void)
{
    return rpc_ok(0);
}

// ---- Life cycle ----

int64_t domain_init(void)
{
    return store_open(PARAMETER_MEGABYTES);
}

// An export only reads, which harms no call; what it reads may be older than the state that counts.
int64_t domain_rehearse(uint64_t serving)
{
    if (serving)
        handover_rehearse_export(DOMAIN_SCHEMA);
    else
        handover_rehearse(DOMAIN_SCHEMA);
    return 0;
}

RpcResult domain_export(uint64_t schema)
{
    struct state_writer writer = {0};
    if (schema < 1 || schema > DOMAIN_SCHEMA)
        return rpc_error(-EINVAL);
    store_export(&writer);
    state_write_u64(&writer, served.requests);
    if (schema >= 2)
        state_write_u64(&writer, served.bytes);
    return state_finish(&writer, KIND, schema);
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    struct state_reader reader;
    state_open(&reader, state, KIND, schema);
    store_import(&reader);
    served.requests = state_read_u64(&reader);
    if (schema >= 2)
        served.bytes = state_read_u64(&reader);
    return state_close(&reader);
}

// Also after an update, when nobody waits any more.
int64_t domain_exit(void)
{
    if (PARAMETER_COUNT)
        log_printf("served %lu requests, %lu MiB", served.requests, served.bytes >> 20);
    return 0;
}
