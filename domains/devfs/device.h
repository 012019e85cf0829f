// SPDX-License-Identifier: MIT
// A device file: a name in /dev, and what reading and writing it does. Devices that a service makes
// call it with the caller's own buffer, so data is never copied here unless it is badly aligned.
//
// What users see when a service fails: -ETIMEDOUT if it was cut off for taking too long, -ENXIO
// while it is dead or was never loaded, -EIO for every other way in which a call can go wrong
// (it crashed while it served this one, among them).
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "fs.h"
#include "kernel/abi/rpc.h"

#define DEVICE_BUILT_IN UINT32_MAX // needs no service

struct device;

struct transfer {
    uint64_t file;
    uint64_t offset;
    rref_t buffer;
    uint32_t start;
    uint32_t length;
};

// Any of these may be NULL. Results are a status and value as the fs interface has them.
struct device_operations {
    RpcResult (*open)(const struct device *device);
    void (*close)(uint64_t file);
    RpcResult (*read)(const struct device *device, const struct transfer *transfer);
    RpcResult (*write)(const struct device *device, const struct transfer *transfer);
    RpcResult (*control)(const struct device *device, uint64_t request, rref_t argument,
                         uint64_t value);
    RpcResult (*poll)(const struct device *device);
    RpcResult (*event)(const struct device *device);
    RpcResult (*size)(const struct device *device);
};

struct device {
    const char *name;
    uint32_t mode;
    uint32_t number; // FS_DEVICE
    handle_t service;
    const struct device_operations *operations;
};

extern const struct device_operations null_operations, zero_operations, random_operations,
    full_operations;
extern const struct device_operations empty_operations, terminal_operations, block_operations;
extern const struct device_operations bench_operations;

// All devices, those whose service is not there too.
extern const struct device devices[];
extern const uint32_t device_count;

// Turns a transport error into the errno that users see; passes anything else on.
RpcResult device_result(RpcResult result);

// ---- Update: what devices remember (handover.c) ----
struct state_writer;
struct state_reader;
void random_export(struct state_writer *writer);
void random_import(struct state_reader *reader);
void bench_export(struct state_writer *writer);
void bench_import(struct state_reader *reader);

// Writes back what the device still holds.
RpcResult block_flush(handle_t service);

// The part of a file number that a device may use for itself: open() returns it, shifted.
#define FILE_PRIVATE_SHIFT 16
