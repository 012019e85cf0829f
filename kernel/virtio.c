// SPDX-License-Identifier: MIT
// Virtio devices over MMIO: features, start and stop (virtio 1.2, 3.1 and 4.2), and what their
// drivers may ask for. The rings are kernel/virtqueue.c's.
//
// A driver's threads are counted while they are in a queue (device_enter). Who starts or stops the
// device closes it and waits for these, so that no queue goes away under anybody.
#include "kernel/virtio.h"
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/domain.h"
#include "kernel/log.h"
#include "kernel/virtqueue.h"
#include "microcore/string.h"
#include "microcore/task.h"
#include "microcore/timer.h"
#include <stddef.h>

#define RESET_LIMIT_NS 100000000ull
#define GRACE_NS       10000000ull // what is in flight when its driver has died may take that long
#define REAP_BATCH     16

// ---- Stopping: while the device is closed ----

// Status 0, until it reads so: then the device writes to memory no more. One that does not obey
// keeps what it was given for good.
static bool device_reset(struct device *device)
{
    uint64_t deadline = time_now() + RESET_LIMIT_NS;
    device->started = false;
    device_write32(device, VIRTIO_STATUS, 0);
    while (device_read32(device, VIRTIO_STATUS)) {
        if (time_now() < deadline)
            continue;
        if (!device->broken)
            log_line(LOG_SHOW, "device", "virtio device %u does not reset; it is not used any more",
                     device->virtio_type);
        device->broken = true;
        return false;
    }
    return true;
}

static int64_t queues_lose(struct device *device)
{
    if (!device_reset(device))
        return -EIO;
    for (uint32_t i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        if (device->queues[i])
            virtqueue_lose(device->queues[i]);
    }
    return 0;
}

static int64_t queues_free(struct device *device)
{
    int64_t error = queues_lose(device);
    for (uint32_t i = 0; i < VIRTIO_QUEUES_MAX && !error; i++) {
        struct virtqueue *queue = device->queues[i];
        device->queues[i] = NULL;
        if (queue)
            virtqueue_free(queue);
    }
    return error;
}

static bool queues_are_busy(const struct device *device)
{
    for (uint32_t i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        if (device->queues[i] && virtqueue_is_busy(device->queues[i]))
            return true;
    }
    return false;
}

// What its driver had posted before it died may still end; nobody reads the records, nor those that
// it left: another driver would take them for its own.
static void queues_drain(struct device *device)
{
    uint64_t deadline = time_now() + GRACE_NS;
    for (;;) {
        struct virtio_done done;
        for (uint32_t i = 0; i < VIRTIO_QUEUES_MAX; i++) {
            while (device->queues[i] && virtqueue_reap(device, device->queues[i], &done, 1))
                continue;
        }
        if (!device->started || !queues_are_busy(device) || time_now() >= deadline)
            return;
        task_yield();
    }
}

void virtio_release(struct device *device, bool keep)
{
    queues_drain(device);
    if (!keep || !device->started || queues_are_busy(device))
        queues_free(device);
}

// ---- Features and start (virtio 1.2, 3.1.1) ----

static uint64_t features_offered(const struct device *device)
{
    device_write32(device, VIRTIO_DEVICE_FEATURES_SELECT, 0);
    uint64_t features = device_read32(device, VIRTIO_DEVICE_FEATURES);
    device_write32(device, VIRTIO_DEVICE_FEATURES_SELECT, 1);
    return features | (uint64_t)device_read32(device, VIRTIO_DEVICE_FEATURES) << 32;
}

static int features_accept(struct device *device, uint64_t wanted)
{
    const uint64_t transport = VIRTIO_FEATURE_VERSION_1 | VIRTIO_FEATURE_INDIRECT;
    uint64_t offered = features_offered(device);
    if ((offered & transport) != transport || wanted & ~offered ||
        wanted & VIRTIO_TRANSPORT_FEATURES)
        return -EINVAL;
    wanted |= transport;
    device_write32(device, VIRTIO_DRIVER_FEATURES_SELECT, 0);
    device_write32(device, VIRTIO_DRIVER_FEATURES, (uint32_t)wanted);
    device_write32(device, VIRTIO_DRIVER_FEATURES_SELECT, 1);
    device_write32(device, VIRTIO_DRIVER_FEATURES, (uint32_t)(wanted >> 32));
    device_write32(device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    return device_read32(device, VIRTIO_STATUS) & VIRTIO_FEATURES_OK ? 0 : -EIO;
}

static bool setup_is_valid(const struct virtio_setup *setup)
{
    return setup->queues && setup->queues <= VIRTIO_QUEUES_MAX && setup->size &&
           setup->size <= VIRTQUEUE_SIZE_MAX && !(setup->size & (setup->size - 1));
}

// One that runs like that already, for a driver that has crashed, goes on: no domain can have
// touched it, and a reset would cost those who wait half of their time.
static int64_t device_start(struct device *device, const struct virtio_setup *setup)
{
    if (!setup_is_valid(setup))
        return -EINVAL;
    if (queues_are_busy(device))
        return -EBUSY;
    if (device->started && !memcmp(setup, &device->setup, sizeof(*setup)))
        return 0;
    int64_t error = queues_free(device);
    if (error)
        return error;
    device_write32(device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    error = features_accept(device, setup->features);
    for (uint32_t i = 0; i < setup->queues && !error; i++) {
        device->queues[i] = virtqueue_make(i, (uint32_t)setup->size);
        error = device->queues[i] ? virtqueue_announce(device, device->queues[i]) : -ENOMEM;
    }
    if (error) {
        queues_free(device);
        return error;
    }
    device_write32(device, VIRTIO_STATUS,
                   VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
    device->setup = *setup;
    device->started = true;
    return 0;
}

// ---- The interrupt ----

// While the device is closed, who has closed it looks at the queues.
bool virtio_settle(struct device *device)
{
    interrupt_state state = lock_take(&device->lock);
    bool settled = device->started && !device->closed;
    for (uint32_t i = 0; settled && i < VIRTIO_QUEUES_MAX && device->queues[i]; i++)
        settled = virtqueue_settle(device, device->queues[i]);
    lock_release(&device->lock, state);
    return settled;
}

// ---- Core entries ----

int64_t virtio_features(struct domain *domain, handle_t handle)
{
    int64_t error;
    struct device *device = device_enter(domain, handle, true, &error);
    if (!device)
        return error;
    interrupt_state state = lock_take(&device->lock);
    uint64_t features = features_offered(device) & ~VIRTIO_TRANSPORT_FEATURES;
    lock_release(&device->lock, state);
    device_leave(device);
    return (int64_t)(features & INT64_MAX);
}

int64_t virtio_start(struct domain *domain, handle_t handle, uint64_t features, uint64_t queues,
                     uint64_t size)
{
    const struct virtio_setup setup = {features, queues, size};
    struct device *device;
    int64_t result = device_close(domain, handle, &device);
    if (result)
        return result;
    result = device_start(device, &setup);
    device_open(device, domain);
    return result;
}

int64_t virtio_stop(struct domain *domain, handle_t handle)
{
    struct device *device;
    int64_t result = device_close(domain, handle, &device);
    if (result)
        return result;
    result = queues_lose(device);
    device_open(device, domain);
    return result;
}

int64_t virtio_config(struct domain *domain, handle_t handle, uint64_t offset, uint64_t target,
                      uint64_t bytes)
{
    uint8_t copy[256];
    int64_t result;
    struct device *device = device_enter(domain, handle, true, &result);
    if (!device)
        return result;
    result = -EINVAL;
    if (bytes <= sizeof(copy) && offset <= sizeof(copy) - bytes) {
        for (uint64_t i = 0; i < bytes; i++)
            copy[i] = device->registers[VIRTIO_CONFIG + offset + i];
        result = slot_write(domain->slot, target, copy, bytes);
    }
    device_leave(device);
    return result;
}

// The same as device_enter, for one queue of a device that has been started.
static struct virtqueue *queue_enter(struct domain *domain, handle_t handle, uint64_t index,
                                     struct device **device, int64_t *error)
{
    *device = device_enter(domain, handle, true, error);
    if (!*device)
        return NULL;
    struct virtqueue *queue = index < VIRTIO_QUEUES_MAX ? (*device)->queues[index] : NULL;
    if (queue)
        return queue;
    *error = -EINVAL;
    device_leave(*device);
    return NULL;
}

int64_t virtio_post(struct domain *domain, handle_t handle, uint64_t index, uint64_t pointer,
                    uint64_t count, const struct virtio_extra *extra)
{
    struct virtio_buffer buffers[VIRTQUEUE_BUFFERS_MAX];
    struct device *device;
    int64_t result;
    if (count > VIRTQUEUE_BUFFERS_MAX ||
        extra->flags & ~(uint64_t)(VIRTIO_POST_FRAMED | VIRTIO_POST_NOTIFY))
        return -EINVAL;
    if (slot_read(domain->slot, buffers, pointer, count * sizeof(buffers[0])))
        return -EFAULT;
    struct virtqueue *queue = queue_enter(domain, handle, index, &device, &result);
    if (!queue)
        return result;
    result = device->started ? virtqueue_post(device, queue, domain, buffers, count, extra) : -EIO;
    if (!result && extra->flags & VIRTIO_POST_NOTIFY)
        virtqueue_notify(device, queue);
    device_leave(device);
    return result;
}

int64_t virtio_notify(struct domain *domain, handle_t handle, uint64_t index)
{
    struct device *device;
    int64_t result;
    struct virtqueue *queue = queue_enter(domain, handle, index, &device, &result);
    if (!queue)
        return result;
    if (device->started)
        virtqueue_notify(device, queue);
    device_leave(device);
    return 0;
}

int64_t virtio_reap(struct domain *domain, handle_t handle, uint64_t index, uint64_t records,
                    uint64_t max)
{
    struct virtio_done done[REAP_BATCH];
    struct device *device;
    int64_t result;
    struct virtqueue *queue = queue_enter(domain, handle, index, &device, &result);
    if (!queue)
        return result;
    uint64_t count = virtqueue_reap(device, queue, done, max < REAP_BATCH ? max : REAP_BATCH);
    device_leave(device);
    if (slot_write(domain->slot, records, done, count * sizeof(done[0])))
        return -EFAULT;
    return (int64_t)count;
}
