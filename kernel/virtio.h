// SPDX-License-Identifier: MIT
// A device as the core keeps it, and the registers of virtio over MMIO (virtio 1.2, 4.2.2).
// Only kernel/device.c (who holds it, registers, interrupts), kernel/virtio.c (start, stop,
// entries) and kernel/virtqueue.c (rings) use this.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/device.h"
#include "kernel/event.h"
#include "kernel/object.h"
#include "microcore/devicetree.h"
#include "microcore/lock.h"

struct domain;

enum virtio_register {
    VIRTIO_MAGIC = 0x000, // "virt"
    VIRTIO_VERSION = 0x004,
    VIRTIO_DEVICE_ID = 0x008,
    VIRTIO_DEVICE_FEATURES = 0x010,
    VIRTIO_DEVICE_FEATURES_SELECT = 0x014,
    VIRTIO_DRIVER_FEATURES = 0x020,
    VIRTIO_DRIVER_FEATURES_SELECT = 0x024,
    VIRTIO_QUEUE_SELECT = 0x030,
    VIRTIO_QUEUE_SIZE_MAX = 0x034,
    VIRTIO_QUEUE_SIZE = 0x038,
    VIRTIO_QUEUE_READY = 0x044,
    VIRTIO_QUEUE_NOTIFY = 0x050,
    VIRTIO_INTERRUPT_STATUS = 0x060,
    VIRTIO_INTERRUPT_ACK = 0x064,
    VIRTIO_STATUS = 0x070,
    VIRTIO_QUEUE_DESCRIPTORS = 0x080,
    VIRTIO_QUEUE_AVAILABLE = 0x090,
    VIRTIO_QUEUE_USED = 0x0A0,
    VIRTIO_CONFIG = 0x100,
};

#define VIRTIO_INTERRUPT_CONFIG 2 // of the status: the configuration has changed
#define VIRTIO_MAGIC_VALUE      0x74726976
#define VIRTIO_MODERN           2

enum virtio_status {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
};

// Feature bits of the transport, the core's; all others are the driver's.
#define VIRTIO_FEATURE_INDIRECT   (1ull << 28)
#define VIRTIO_FEATURE_VERSION_1  (1ull << 32)
#define VIRTIO_TRANSPORT_FEATURES 0x3FFFF000000ull // 24..41

#define VIRTIO_QUEUES_MAX  4
#define VIRTQUEUE_SIZE_MAX 128

struct virtqueue;

// What a driver has asked for at the start.
struct virtio_setup {
    uint64_t features, queues, size; // queues of so many entries each
};

struct device {
    struct object object;
    const struct machine_device *machine;
    volatile uint8_t *registers; // core only
    uint32_t virtio_type;        // 0: not a virtio device
    struct lock lock;            // LOCK_DEVICE: holder, queues
    struct domain *holder;       // NULL: free
    struct proxy *service;       // of its last holder; NULL: nobody had it yet
    struct event *interrupt;     // counts interrupts; made at the first claim
    handle_t event_handle;       // the holder's, 0: not handed out yet (index + 1)
    bool attached;               // its interrupt has a handler
    uint32_t pending;            // 1: claimed at the PLIC, completed by irq_done
    struct virtqueue *queues[VIRTIO_QUEUES_MAX];
    bool started;
    struct virtio_setup setup; // how, if it is started
    bool closed;               // it starts, stops or changes hands: nobody enters
    uint32_t inside;           // threads of its holder's that are in a core entry with it
    bool broken;               // it did not reset: never to be used again
};

// ---- Who is inside (kernel/device.c). Task context, no lock held; tests/models/release.pml ----
// A thread of a dead driver's may be late: it is counted first, and only then sees whether the
// device is still its domain's. Whoever changes that, or what the device does, closes it first.

// The device behind a handle of DOMAIN's (*virtio*: must be one), its caller counted until
// device_leave. NULL and *error: -EBADF, not its, or -EBUSY, closed. Devices stay for ever.
struct device *device_enter(struct domain *domain, handle_t handle, bool virtio, int64_t *error);
void device_leave(struct device *device);
// Keeps everybody out of the virtio device behind a handle of DOMAIN's, and waits until who is
// inside has left. 0, -EBADF or -EBUSY as above.
int64_t device_close(struct domain *domain, handle_t handle, struct device **device);
// The end of that; HOLDER has it from now on (NULL: who claims it next).
void device_open(struct device *device, struct domain *holder);

static inline uint32_t device_read32(const struct device *device, uint32_t offset)
{
    uint32_t value = *(volatile uint32_t *)(device->registers + offset);
    __asm__ volatile("fence i, rw" ::: "memory");
    return value;
}

static inline void device_write32(const struct device *device, uint32_t offset, uint32_t value)
{
    __asm__ volatile("fence rw, o" ::: "memory");
    *(volatile uint32_t *)(device->registers + offset) = value;
}

// Interrupt: ends what can be ended without the driver. True: the driver need not be told.
bool virtio_settle(struct device *device);

// Its driver is gone: what it had posted gets a moment to end. If all has and KEEP, the device runs
// on, without work, for a driver that asks for the same; else it is reset and its queues are freed.
// It is closed. Task context, no lock held.
void virtio_release(struct device *device, bool keep);
