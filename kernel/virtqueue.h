// SPDX-License-Identifier: MIT
// The virtqueue mediator: split rings (virtio 1.2, 2.7) that only the core and the device touch.
//
// There is no I/O MMU, so whoever writes descriptors writes anywhere. A driver therefore posts
// RRefs that it holds; the core pins them, writes their frames into a table of its own (every
// request is one indirect descriptor), and keeps the cookie. What the device writes into the used
// ring is checked like any other input.
//
// kernel/virtio.c calls this: post, reap and notify from any number of threads at once, settle in
// the device's interrupt, everything else while nobody is in these. Takes LOCK_DEVICE; task
// context, no lock held.
#pragma once
#include "kernel/abi/core_entry.h"
#include "kernel/virtio.h"

#define VIRTQUEUE_BUFFERS_MAX 16 // RRef pieces of one request

// SIZE: a power of two, at most VIRTQUEUE_SIZE_MAX. NULL: no memory.
struct virtqueue *virtqueue_make(uint32_t index, uint32_t size);
// The device does not know the queue (any more), and nothing is posted.
void virtqueue_free(struct virtqueue *queue);
// Tells the device where the rings are. 0, or -EINVAL if it has no such queue or not so long a one.
int virtqueue_announce(const struct device *device, const struct virtqueue *queue);

// 0, -EAGAIN (full), -E2BIG (too many frames), or what is wrong with the buffers. A flag to notify
// is the caller's.
int virtqueue_post(struct device *device, struct virtqueue *queue, struct domain *domain,
                   const struct virtio_buffer *buffers, uint64_t count,
                   const struct virtio_extra *extra);
// Tells the device that there is work, unless it is looking anyway.
void virtqueue_notify(const struct device *device, const struct virtqueue *queue);
// Up to MAX requests that the device has finished or a reset has lost; how many, 0: none.
uint64_t virtqueue_reap(struct device *device, struct virtqueue *queue, struct virtio_done *done,
                        uint64_t max);
// Ends what can be ended without the driver (virtio_buffer.ends), and leaves the records for its
// next reap. True: nothing is left that it has to be told of. Interrupt, with LOCK_DEVICE.
bool virtqueue_settle(struct device *device, struct virtqueue *queue);

bool virtqueue_is_busy(const struct virtqueue *queue); // something is posted
// After a reset: what was posted is unpinned, and reaped as lost.
void virtqueue_lose(struct virtqueue *queue);
