// SPDX-License-Identifier: MIT
// Devices that need no hardware: null, zero, full, and /dev/empty, which shows by its bytes which
// version of the service `null` is running.
#include "device.h"

#include "core.h"
#include "empty_client.h"

static RpcResult count_or_error(int64_t error, uint32_t count)
{
    return error < 0 ? rpc_error(error) : rpc_ok(count);
}

static RpcResult nothing_read(const struct device *device, const struct transfer *transfer)
{
    (void)device, (void)transfer;
    return rpc_ok(0);
}

static RpcResult everything_written(const struct device *device, const struct transfer *transfer)
{
    (void)device;
    return rpc_ok(transfer->length);
}

static RpcResult zero_read(const struct device *device, const struct transfer *transfer)
{
    (void)device;
    int64_t error = core_rref_fill(transfer->buffer, transfer->start, 0, transfer->length);
    return count_or_error(error, transfer->length);
}

static RpcResult no_space(const struct device *device, const struct transfer *transfer)
{
    (void)device, (void)transfer;
    return rpc_error(-ENOSPC);
}

static RpcResult empty_device_read(const struct device *device, const struct transfer *transfer)
{
    return empty_read(device->service, transfer->buffer, transfer->start, transfer->length);
}

const struct device_operations null_operations = {
    .read = nothing_read,
    .write = everything_written,
};
const struct device_operations zero_operations = {
    .read = zero_read,
    .write = everything_written,
};
const struct device_operations full_operations = {
    .read = zero_read,
    .write = no_space,
};
const struct device_operations empty_operations = {
    .read = empty_device_read,
    .write = everything_written,
};
