// SPDX-License-Identifier: MIT
#include "kernel/device.h"
#include "kernel/abi/error.h"
#include "kernel/domain.h"
#include "kernel/log.h"
#include "kernel/proxy.h"
#include "kernel/virtio.h"
#include "microcore/interrupt.h"
#include "microcore/console.h"
#include "microcore/page.h"
#include "microcore/string.h"
#include "microcore/task.h"
#include <stddef.h>

#define CONSOLE_COMPATIBLE "ns16550a" // its first register takes what goes out

static struct device devices[MACHINE_DEVICES_MAX];
static uint32_t device_count;

// A virtio slot without a device behind it is passed over; one that speaks the legacy protocol is
// told.
static bool virtio_probe(struct device *device)
{
    if (device_read32(device, VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE)
        return false;
    uint32_t type = device_read32(device, VIRTIO_DEVICE_ID);
    if (!type)
        return false;
    if (device_read32(device, VIRTIO_VERSION) != VIRTIO_MODERN) {
        log_line(LOG_SHOW, "device",
                 "virtio device %u is legacy, which is not supported "
                 "(QEMU: -global virtio-mmio.force-legacy=false)",
                 type);
        return false;
    }
    device->virtio_type = type;
    return true;
}

void device_init(void)
{
    for (uint32_t i = 0; i < machine.device_count; i++) {
        struct device *device = &devices[device_count];
        device->machine = &machine.devices[i];
        device->registers = mmio_pointer(device->machine->address);
        if (!strcmp(device->machine->compatible, "virtio,mmio") && !virtio_probe(device))
            continue;
        object_init(&device->object, OBJECT_DEVICE, NULL);
        lock_init(&device->lock, LOCK_DEVICE, "device");
        device_count++;
    }
}

// Context: interrupt. The console's line stays masked until irq_done; a virtio device is told at
// once, after which its line falls, so that nothing is lost while the driver works. Its driver is
// told only of what cannot be ended here.
static void device_interrupt(void *argument)
{
    struct device *device = argument;
    bool settled = false;
    if (device->virtio_type) {
        uint32_t status = device_read32(device, VIRTIO_INTERRUPT_STATUS);
        device_write32(device, VIRTIO_INTERRUPT_ACK, status);
        interrupt_complete(device->machine->interrupt);
        settled = virtio_settle(device) && !(status & VIRTIO_INTERRUPT_CONFIG);
    } else {
        __atomic_store_n(&device->pending, 1, __ATOMIC_RELEASE);
    }
    if (!settled)
        event_signal(device->interrupt);
}

static bool device_matches(const struct device *device, const char *compatible, uint32_t type)
{
    if (!strcmp(compatible, "virtio"))
        return device->virtio_type && device->virtio_type == type;
    return !device->virtio_type && !strcmp(device->machine->compatible, compatible);
}

// It stays its service's while that is crashed or restarts: of two disks whose drivers died
// together, each must come back as what it was. A service that was stopped gives it up.
static bool device_is_reserved(const struct device *device, const struct domain *holder)
{
    const struct proxy *service = device->service;
    return service && service != holder->proxy && service->state != SERVICE_STOPPED;
}

static bool device_take(struct device *device, struct domain *holder)
{
    interrupt_state state = lock_take(&device->lock);
    bool taken = !device->holder && !device->broken && !device_is_reserved(device, holder);
    if (taken) {
        device->holder = holder;
        device->service = holder->proxy;
    }
    lock_release(&device->lock, state);
    return taken;
}

// The last one first: QEMU fills its virtio places from the end, so that is the first one given.
struct object *device_claim(const char *compatible, uint32_t type, struct domain *holder,
                            bool *busy)
{
    for (uint32_t i = 0; i < 2 * device_count; i++) {
        struct device *device = &devices[device_count - 1 - i % device_count];
        bool own = holder->proxy && device->service == holder->proxy;
        if (own != (i < device_count) || !device_matches(device, compatible, type))
            continue; // first those that its service had before
        if (!device->interrupt)
            device->interrupt = event_create();
        if (!device->interrupt)
            return NULL;
        if (device_take(device, holder)) {
            object_get(&device->object);
            return &device->object;
        }
        *busy = true;
    }
    return NULL;
}

// ---- Who is inside ----

// What the handle names, if that is a device.
static struct device *device_named(const struct domain *domain, handle_t handle, bool virtio)
{
    if (handle >= domain->handle_count)
        return NULL;
    // Which of the devices it is, if it is one, the address tells.
    uint64_t object = (uint64_t)__atomic_load_n(&domain->handles[handle].object, __ATOMIC_RELAXED);
    if (object - (uint64_t)devices >= sizeof(devices))
        return NULL;
    struct device *device = (struct device *)object;
    return virtio && !device->virtio_type ? NULL : device;
}

struct device *device_enter(struct domain *domain, handle_t handle, bool virtio, int64_t *error)
{
    struct device *device = device_named(domain, handle, virtio);
    *error = -EBADF;
    if (!device)
        return NULL;
    __atomic_fetch_add(&device->inside, 1, __ATOMIC_SEQ_CST); // before the looks, as holder_close
    if (__atomic_load_n(&device->closed, __ATOMIC_SEQ_CST))
        *error = -EBUSY;
    else if (__atomic_load_n(&device->holder, __ATOMIC_RELAXED) == domain)
        return device;
    device_leave(device);
    return NULL;
}

void device_leave(struct device *device)
{
    __atomic_fetch_sub(&device->inside, 1, __ATOMIC_RELEASE);
}

// Closes a device of HOLDER's.
static int64_t holder_close(struct device *device, const struct domain *holder)
{
    interrupt_state state = lock_take(&device->lock);
    int64_t error = device->holder != holder ? -EBADF : device->closed ? -EBUSY : 0;
    if (!error)
        __atomic_store_n(&device->closed, true, __ATOMIC_SEQ_CST);
    lock_release(&device->lock, state);
    while (!error && __atomic_load_n(&device->inside, __ATOMIC_SEQ_CST))
        task_yield();
    return error;
}

// The same, however long a thread of the holder's has it closed. False: it is not HOLDER's.
static bool holder_end(struct device *device, const struct domain *holder)
{
    int64_t error;
    while ((error = holder_close(device, holder)) == -EBUSY)
        task_yield();
    return !error;
}

int64_t device_close(struct domain *domain, handle_t handle, struct device **device)
{
    *device = device_named(domain, handle, true);
    return *device ? holder_close(*device, domain) : -EBADF;
}

void device_open(struct device *device, struct domain *holder)
{
    interrupt_state state = lock_take(&device->lock);
    device->holder = holder; // first: who sees it open is to see whose it is
    __atomic_store_n(&device->closed, false, __ATOMIC_RELEASE);
    lock_release(&device->lock, state);
}

// ---- Changing hands ----

static void interrupt_close(struct device *device)
{
    if (!device->attached)
        return;
    interrupt_detach(device->machine->interrupt);
    device->attached = false;
    device->pending = 0;
}

void device_release(struct object *object, struct domain *holder, bool keep)
{
    struct device *device = (struct device *)object;
    if (!holder_end(device, holder))
        return;
    interrupt_close(device);
    if (device->virtio_type)
        virtio_release(device, keep);
    device->event_handle = 0;
    device_open(device, NULL);
}

void device_transfer(struct object *object, struct domain *holder, struct domain *next)
{
    struct device *device = (struct device *)object;
    if (!holder_end(device, holder))
        return;
    device->event_handle = 0;
    device_open(device, next);
}

// ---- Registers, for devices that are not virtio: nobody may tell those where to write ----

static bool access_is_valid(const struct device *device, uint64_t offset, uint64_t width)
{
    return !device->virtio_type && (width == 1 || width == 2 || width == 4 || width == 8) &&
           offset % width == 0 && width <= device->machine->size &&
           offset <= device->machine->size - width;
}

static uint64_t register_read(const struct device *device, uint64_t offset, uint64_t width)
{
    volatile uint8_t *address = device->registers + offset;
    uint64_t value = width == 1   ? *address
                     : width == 2 ? *(volatile uint16_t *)address
                     : width == 4 ? *(volatile uint32_t *)address
                                  : *(volatile uint64_t *)address;
    __asm__ volatile("fence i, rw" ::: "memory");
    return value;
}

static void register_write(const struct device *device, uint64_t offset, uint64_t width,
                           uint64_t value)
{
    volatile uint8_t *address = device->registers + offset;
    __asm__ volatile("fence rw, o" ::: "memory");
    if (width == 1)
        *address = (uint8_t)value;
    else if (width == 2)
        *(volatile uint16_t *)address = (uint16_t)value;
    else if (width == 4)
        *(volatile uint32_t *)address = (uint32_t)value;
    else
        *(volatile uint64_t *)address = value;
}

int64_t device_mmio_read(struct domain *domain, handle_t handle, uint64_t offset, uint64_t width)
{
    int64_t value;
    struct device *device = device_enter(domain, handle, false, &value);
    if (!device)
        return value;
    value = -EINVAL;
    if (access_is_valid(device, offset, width))
        value = (int64_t)register_read(device, offset, width);
    device_leave(device);
    return value;
}

int64_t device_mmio_write(struct domain *domain, handle_t handle, uint64_t offset, uint64_t width,
                          uint64_t value)
{
    int64_t result;
    struct device *device = device_enter(domain, handle, false, &result);
    if (!device)
        return result;
    result = -EINVAL;
    if (access_is_valid(device, offset, width)) {
        if (!offset && !strcmp(device->machine->compatible, CONSOLE_COMPATIBLE))
            console_write_register(device->registers, (uint8_t)value);
        else
            register_write(device, offset, width, value);
        result = 0;
    }
    device_leave(device);
    return result;
}

// ---- Interrupts ----

// Two threads of a driver may be the first to ask.
static int interrupt_open(struct device *device)
{
    interrupt_state state = lock_take(&device->lock);
    int error = device->attached
                    ? 0
                    : interrupt_attach(device->machine->interrupt, device_interrupt, device);
    device->attached = !error;
    lock_release(&device->lock, state);
    return error;
}

static int64_t event_hand_out(struct device *device, struct domain *domain)
{
    if (device->event_handle)
        return device->event_handle - 1;
    int error = interrupt_open(device);
    if (error)
        return error;
    object_get(&device->interrupt->object);
    int handle = handle_insert(domain, &device->interrupt->object, 0);
    if (handle < 0) {
        object_put(&device->interrupt->object);
        return handle;
    }
    interrupt_state state = lock_take(&device->lock);
    if (!device->event_handle)
        device->event_handle = (handle_t)handle + 1;
    uint32_t first = device->event_handle - 1; // of another thread that asked at the same time
    lock_release(&device->lock, state);
    if (first != (uint32_t)handle)
        handle_close(domain, (handle_t)handle);
    return first;
}

int64_t device_irq_event(struct domain *domain, handle_t handle)
{
    int64_t result;
    struct device *device = device_enter(domain, handle, false, &result);
    if (!device)
        return result;
    result = event_hand_out(device, domain);
    device_leave(device);
    return result;
}

int64_t device_irq_done(struct domain *domain, handle_t handle)
{
    int64_t error;
    struct device *device = device_enter(domain, handle, false, &error);
    if (!device)
        return error;
    if (__atomic_exchange_n(&device->pending, 0, __ATOMIC_ACQ_REL))
        interrupt_complete(device->machine->interrupt);
    device_leave(device);
    return 0;
}
