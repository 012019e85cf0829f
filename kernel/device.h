// SPDX-License-Identifier: MIT
// Devices as a domain holds them: registers through mmio_read/mmio_write (ns16550a), or a virtio
// device whose rings only the core touches (kernel/virtqueue.c); interrupts as events.
#pragma once
#include <stdint.h>
#include "kernel/object.h"
#include "microcore/devicetree.h"

struct domain;

// The device that a manifest's need names: compatible string, or "virtio" and the device type;
// INSTANCE counts among equals. One use; NULL: there is none, or it has a holder already
// (*busy tells which), or it is a legacy virtio device (logged).
struct object *device_claim(const char *compatible, uint32_t type, struct domain *holder,
                            bool *busy);
// Reclamation: interrupts masked, what was posted ended or given back as lost, the device reset;
// with KEEP only if something was lost, for it goes to the next instance. Task context.
void device_release(struct object *object, struct domain *holder, bool keep);
// Update: NEXT holds it from now on; the device stays as it is until `virtio_start`.
void device_transfer(struct object *object, struct domain *holder, struct domain *next);
void device_init(void); // boot: finds the virtio devices

int64_t device_mmio_read(struct domain *domain, handle_t device, uint64_t offset, uint64_t width);
int64_t device_mmio_write(struct domain *domain, handle_t device, uint64_t offset, uint64_t width,
                          uint64_t value);
int64_t device_irq_event(struct domain *domain, handle_t device);
int64_t device_irq_done(struct domain *domain, handle_t device);
int64_t virtio_features(struct domain *domain, handle_t device);
int64_t virtio_start(struct domain *domain, handle_t device, uint64_t features, uint64_t queues,
                     uint64_t size);
int64_t virtio_config(struct domain *domain, handle_t device, uint64_t offset, uint64_t target,
                      uint64_t bytes);
// What is posted beside the buffers (kernel/abi/core_entry.h).
struct virtio_extra {
    uint64_t cookie, flags, head[2];
};
int64_t virtio_post(struct domain *domain, handle_t device, uint64_t queue, uint64_t buffers,
                    uint64_t count, const struct virtio_extra *extra);
int64_t virtio_notify(struct domain *domain, handle_t device, uint64_t queue);
int64_t virtio_reap(struct domain *domain, handle_t device, uint64_t queue, uint64_t records,
                    uint64_t max);
int64_t virtio_stop(struct domain *domain, handle_t device);
