// SPDX-License-Identifier: MIT
// /dev/console and /dev/tty: everything goes to the terminal service. Which process may use it, and
// who gets its signals, is decided by posix.
#include "device.h"

#include "core.h"
#include "mutex.h"
#include "terminal_client.h"

static RpcResult terminal_device_read(const struct device *device, const struct transfer *transfer)
{
    return terminal_read(device->service, transfer->buffer, transfer->start, transfer->length);
}

static RpcResult terminal_device_write(const struct device *device, const struct transfer *transfer)
{
    return terminal_write(device->service, transfer->buffer, transfer->start, transfer->length);
}

static RpcResult terminal_device_control(const struct device *device, uint64_t request,
                                         rref_t argument, uint64_t value)
{
    if (request == FS_CONTROL_SIGNALS)
        return terminal_signals(device->service);
    return terminal_control(device->service, request, argument, value);
}

static RpcResult terminal_device_poll(const struct device *device)
{
    return terminal_poll(device->service);
}

// The handles that were last passed on. A handle that is returned must stay ours until the core has
// copied it to the caller, so the oldest is closed only when others have come after it.
#define RECENT 4
static struct mutex recent_lock;
static handle_t recent[RECENT];
static uint32_t recent_next;

static bool is_recent(handle_t event)
{
    for (uint32_t i = 0; i < RECENT; i++)
        if (recent[i] == event)
            return true;
    return false;
}

// Remembers a handle; returns one that nobody needs any more, or 0.
static handle_t recent_replace(handle_t event)
{
    handle_t oldest = 0;
    mutex_lock(&recent_lock);
    if (!is_recent(event)) {
        oldest = recent[recent_next];
        recent[recent_next] = event;
        recent_next = (recent_next + 1) % RECENT;
    }
    mutex_unlock(&recent_lock);
    return oldest;
}

// Asked for anew each time: a console that was restarted has another event.
static RpcResult terminal_device_event(const struct device *device)
{
    RpcResult result = terminal_event(device->service);
    if (result.status < 0)
        return result;
    handle_t oldest = recent_replace((handle_t)result.value);
    if (oldest)
        core_handle_close(oldest);
    return result;
}

const struct device_operations terminal_operations = {
    .read = terminal_device_read,
    .write = terminal_device_write,
    .control = terminal_device_control,
    .poll = terminal_device_poll,
    .event = terminal_device_event,
};
