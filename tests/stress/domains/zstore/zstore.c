// SPDX-License-Identifier: MIT
// A block device of 4 MiB. The first holds what is written there; reading the next two gives that
// compressed by the service zlib, reading the last one gives it expanded again. So the host can
// compare with its own zlib what went through RRefs between domains.
#include "block.h"
#include "block_server.h"
#include "compress_client.h"
#include "domain.h"

#define MIB    (1u << 20)
#define SIZE   (4 * MIB)
#define SCHEMA 1
#define LEVEL  6

static rref_t plain, compressed, expanded;
static struct mutex lock;
static bool is_compressed; // since the last write

RpcResult block_do_size(void)
{
    return rpc_ok(SIZE);
}

RpcResult block_do_read_only(void)
{
    return rpc_ok(0);
}

// The last MiB would stay empty if the library did nothing, so all targets are cleared before.
static int64_t compress_once(void)
{
    if (is_compressed)
        return 0;
    core_rref_fill(compressed, 0, 0, 2 * MIB);
    core_rref_fill(expanded, 0, 0, MIB);
    RpcResult result = compress_deflate(HANDLE_ZLIB, plain, MIB, compressed, LEVEL);
    if (result.status < 0)
        return result.status;
    log_printf("compressed %u bytes to %lu", MIB, result.value);
    result = compress_inflate(HANDLE_ZLIB, compressed, (uint32_t)result.value, expanded);
    if (result.status < 0)
        return result.status;
    is_compressed = true;
    return result.value == MIB ? 0 : -EIO;
}

// The part that OFFSET lies in; LEFT: bytes from there to its end.
static rref_t part_of(uint64_t offset, uint64_t *within, uint32_t *left)
{
    rref_t part = offset < MIB ? plain : offset < 3 * MIB ? compressed : expanded;
    *within = offset < MIB ? offset : offset < 3 * MIB ? offset - MIB : offset - 3 * MIB;
    *left = (uint32_t)((part == compressed ? 2 * MIB : MIB) - *within);
    return part;
}

static int64_t part_read(uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    int64_t status = offset + length > MIB ? compress_once() : 0;
    while (status >= 0 && length) {
        uint64_t within;
        uint32_t left;
        rref_t part = part_of(offset, &within, &left);
        uint32_t n = length < left ? length : left;
        status = core_rref_copy(buffer, start, part, within, n);
        offset += n;
        start += n;
        length -= n;
    }
    return status;
}

RpcResult block_do_submit(uint32_t operation, uint64_t offset, rref_t buffer, uint32_t start,
                          uint32_t length)
{
    int64_t status = block_check(operation, offset, length, SIZE);
    if (status < 0)
        return rpc_error(status);
    mutex_lock(&lock);
    if ((operation & BLOCK_OPERATION_MASK) == BLOCK_READ)
        status = part_read(offset, buffer, start, length);
    else if ((operation & BLOCK_OPERATION_MASK) == BLOCK_WRITE) {
        is_compressed = false;
        status =
            offset + length > MIB ? -ENOSPC : core_rref_copy(plain, offset, buffer, start, length);
    }
    mutex_unlock(&lock);
    return status < 0 ? rpc_error(status) : rpc_ok(BLOCK_DONE);
}

RpcResult block_do_kick(void)
{
    return rpc_ok(0);
}

static rref_t part_make(uint32_t bytes)
{
    int64_t part = core_rref_alloc(bytes, 0);
    return part < 0 ? 0 : (rref_t)part;
}

int64_t domain_attach(void)
{
    plain = part_make(MIB);
    compressed = part_make(2 * MIB);
    expanded = part_make(MIB);
    return plain && compressed && expanded ? 0 : -ENOMEM;
}

RpcResult domain_export(uint64_t schema)
{
    int64_t state = schema == SCHEMA ? core_rref_alloc(8, SCHEMA) : -EINVAL;
    return state < 0 ? rpc_error(state) : rpc_ok((rref_t)state);
}

// It takes the place of a device that has no state worth keeping.
int64_t domain_import(rref_t state, uint64_t schema)
{
    core_rref_free(state);
    return schema == SCHEMA ? 0 : -EINVAL;
}
