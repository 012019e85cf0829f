// SPDX-License-Identifier: MIT
// Helpers for drivers of virtio devices. Rings, transport registers and transport features are the
// core's; a driver accepts device features, reads configuration space, and posts RRefs.
#pragma once
#include "core.h"

#define VIRTIO_LOST UINT32_MAX // virtio_done.written: the request was lost in a reset

// Buffer pieces for core_virtio_post. Those that the device reads come first.
static inline struct virtio_buffer virtio_read_by_device(rref_t rref, uint32_t offset,
                                                         uint32_t length)
{
    return (struct virtio_buffer){.rref = rref, .offset = offset, .length = length};
}

static inline struct virtio_buffer virtio_written_by_device(rref_t rref, uint32_t offset,
                                                            uint32_t length)
{
    return (struct virtio_buffer){
        .rref = rref, .offset = offset, .length = length, .device_writes = 1};
}

// Starts the device with as many of the WANTED features as it offers. Stores the accepted ones.
// Errors of core_virtio_features and core_virtio_start: -ENODEV where there is no such device, or
// one that is not virtio 1.x.
static inline int64_t virtio_start(handle_t device, uint64_t wanted, uint32_t queues,
                                   uint32_t queue_size, uint64_t *accepted)
{
    int64_t offered = core_virtio_features(device);
    if (offered < 0)
        return offered;
    *accepted = (uint64_t)offered & wanted;
    return core_virtio_start(device, *accepted, queues, queue_size);
}
