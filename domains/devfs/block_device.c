// SPDX-License-Identifier: MIT
// Block devices as files. Transfers of whole sectors go to the driver with the caller's own buffer,
// and the caller waits for their completion; anything else is carried out here through a bounce
// buffer.
#include "device.h"

#include "block_client.h"
#include "bounce.h"
#include "core.h"
#include "mutex.h"

// Linux's requests (linux/fs.h).
#define BLKROGET     0x125e
#define BLKFLSBUF    0x1261
#define BLKSSZGET    0x1268
#define BLKPBSZGET   0x127b
#define BLKBSZGET    0x80081270
#define BLKGETSIZE64 0x80081272

// Two writes to parts of one sector must not both read it first.
static struct mutex sector_lock;

static RpcResult block_device_size(const struct device *device)
{
    return block_size(device->service);
}

static bool is_whole_sectors(uint64_t offset, uint32_t length)
{
    return (offset | length) % SECTOR_SIZE == 0;
}

// The driver gets the caller's buffer as it is.
static RpcResult direct_transfer(const struct device *device, const struct transfer *transfer,
                                 uint32_t operation)
{
    RpcResult result = block_submit(device->service, operation, transfer->offset, transfer->buffer,
                                    transfer->start, transfer->length);
    if (result.status < 0)
        return result;
    return rpc_ok(result.value == 1 ? transfer->length : FS_QUEUED);
}

// One piece through a bounce: SKIP bytes of its first sector and what follows the piece in its last
// one are not the caller's.
static int64_t piece_transfer(struct bounce **bounce, const struct device *device,
                              const struct transfer *piece, uint32_t operation)
{
    uint32_t skip = (uint32_t)(piece->offset % SECTOR_SIZE);
    uint64_t offset = piece->offset - skip;
    uint32_t length = (skip + piece->length + SECTOR_SIZE - 1) & ~(SECTOR_SIZE - 1);
    int64_t status = 0;
    if (operation == BLOCK_READ || !is_whole_sectors(piece->offset, piece->length))
        status = bounce_submit(bounce, device->service, BLOCK_READ, offset, length);
    if (status < 0)
        return status;
    if (operation == BLOCK_READ)
        return core_rref_copy(piece->buffer, piece->start, (*bounce)->buffer, skip, piece->length);
    status = core_rref_copy((*bounce)->buffer, skip, piece->buffer, piece->start, piece->length);
    if (status < 0)
        return status;
    return bounce_submit(bounce, device->service, BLOCK_WRITE, offset, length);
}

static RpcResult bounced_transfer(const struct device *device, const struct transfer *transfer,
                                  uint32_t operation)
{
    struct bounce *bounce = bounce_take();
    uint32_t done = 0;
    int64_t status = bounce ? 0 : -ENOMEM;
    while (bounce && status >= 0 && done < transfer->length) {
        struct transfer piece = *transfer;
        piece.offset += done;
        piece.start += done;
        piece.length = transfer->length - done;
        uint32_t room = BOUNCE_SIZE - (uint32_t)(piece.offset % SECTOR_SIZE);
        if (piece.length > room)
            piece.length = room;
        status = piece_transfer(&bounce, device, &piece, operation);
        if (status >= 0)
            done += piece.length;
    }
    if (bounce)
        bounce_give(bounce);
    return done || status >= 0 ? rpc_ok(done) : rpc_error(status);
}

// The usual case goes to the driver at once, which refuses what reaches past its end (-EINVAL)
// before it touches anything: only then the size is asked for.
static bool direct_succeeds(const struct device *device, const struct transfer *transfer,
                            uint32_t operation, RpcResult *result)
{
    if (!transfer->length || !is_whole_sectors(transfer->offset, transfer->length))
        return false;
    *result = direct_transfer(device, transfer, operation);
    return result->status != -EINVAL;
}

static RpcResult block_device_read(const struct device *device, const struct transfer *transfer)
{
    RpcResult result;
    if (direct_succeeds(device, transfer, BLOCK_READ, &result))
        return result;
    RpcResult size = block_size(device->service);
    if (size.status < 0)
        return size;
    if (transfer->offset >= size.value || transfer->length == 0)
        return rpc_ok(0);
    // What is queued is always all that was asked for, so a request that reaches past the end is
    // not.
    struct transfer inside = *transfer;
    if (inside.length > size.value - inside.offset)
        inside.length = (uint32_t)(size.value - inside.offset);
    return bounced_transfer(device, &inside, BLOCK_READ);
}

static RpcResult block_device_write(const struct device *device, const struct transfer *transfer)
{
    RpcResult result;
    if (direct_succeeds(device, transfer, BLOCK_WRITE, &result))
        return result;
    RpcResult size = block_size(device->service);
    if (size.status < 0)
        return size;
    if (transfer->length == 0)
        return rpc_ok(0);
    if (transfer->offset >= size.value)
        return rpc_error(-ENOSPC);
    struct transfer inside = *transfer;
    if (inside.length > size.value - inside.offset)
        inside.length = (uint32_t)(size.value - inside.offset);
    mutex_lock(&sector_lock);
    result = bounced_transfer(device, &inside, BLOCK_WRITE);
    mutex_unlock(&sector_lock);
    return result;
}

RpcResult block_flush(handle_t service)
{
    struct bounce *bounce = bounce_take();
    if (!bounce)
        return rpc_error(-ENOMEM);
    int64_t status = bounce_submit(&bounce, service, BLOCK_FLUSH, 0, 0);
    if (bounce)
        bounce_give(bounce);
    return rpc_error(status < 0 ? status : 0);
}

static RpcResult answer(rref_t argument, const void *bytes, uint64_t n)
{
    int64_t result = core_rref_write(argument, 0, bytes, n);
    return result < 0 ? rpc_error(result) : rpc_ok(0);
}

static RpcResult block_device_control(const struct device *device, uint64_t request,
                                      rref_t argument, uint64_t value)
{
    static const uint32_t sector_size = SECTOR_SIZE, page_size = 4096;
    (void)value;
    switch (request) {
    case BLKGETSIZE64: {
        RpcResult size = block_size(device->service);
        return size.status < 0 ? size : answer(argument, &size.value, sizeof size.value);
    }
    case BLKSSZGET:
    case BLKPBSZGET:
        return answer(argument, &sector_size, sizeof sector_size);
    case BLKBSZGET:
        return answer(argument, &page_size, sizeof page_size);
    case BLKROGET: {
        RpcResult told = block_read_only(device->service);
        uint32_t read_only = told.value != 0;
        return told.status < 0 ? told : answer(argument, &read_only, sizeof read_only);
    }
    case BLKFLSBUF:
        return block_flush(device->service);
    }
    return rpc_error(-ENOTTY);
}

const struct device_operations block_operations = {
    .read = block_device_read,
    .write = block_device_write,
    .control = block_device_control,
    .size = block_device_size,
};
