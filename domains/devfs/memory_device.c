// SPDX-License-Identifier: MIT
// Devices that need no hardware: null, zero, random, and /dev/empty, which shows by its bytes which
// version of the service `null` is running.
#include "device.h"

#include <stdatomic.h>
#include "core.h"
#include "empty_client.h"
#include "state.h"

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

// Vigna's splitmix64: every value of the counter gives another number, so threads need no lock.
// Seeded by the time of the first use: good for shuffling, not for secrets.
static _Atomic uint64_t random_state;

static uint64_t random_next(void)
{
    uint64_t none = 0;
    atomic_compare_exchange_strong(&random_state, &none, core_time() | 1);
    uint64_t z = atomic_fetch_add(&random_state, 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static RpcResult random_read(const struct device *device, const struct transfer *transfer)
{
    (void)device;
    uint64_t numbers[64];
    for (uint32_t done = 0; done < transfer->length;) {
        uint32_t n = transfer->length - done;
        if (n > sizeof numbers)
            n = sizeof numbers;
        for (uint32_t i = 0; i < (n + 7) / 8; i++)
            numbers[i] = random_next();
        int64_t error = core_rref_write(transfer->buffer, transfer->start + done, numbers, n);
        if (error < 0)
            return rpc_error(error);
        done += n;
    }
    return rpc_ok(transfer->length);
}

void random_export(struct state_writer *writer)
{
    state_write_u64(writer, random_state);
}

void random_import(struct state_reader *reader)
{
    random_state = state_read_u64(reader);
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
const struct device_operations random_operations = {
    .read = random_read,
    .write = everything_written,
};
const struct device_operations empty_operations = {
    .read = empty_device_read,
    .write = everything_written,
};
