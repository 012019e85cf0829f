// SPDX-License-Identifier: MIT
// /dev: one flat directory of device files. Node 1 is the directory, node N + 2 is device N. The
// number of an open file is its node, and above it what the device wants to know.
#include "device.h"

#include <string.h>
#include "core.h"
#include "fs_server.h"
#include "manifest.h"
#include "wall.h"

#define NODE_ROOT    1
#define NODE_DEVICES 2
#define NODE_MASK    ((1u << FILE_PRIVATE_SHIFT) - 1)

#define CHARACTER (FS_CHARACTER | 0666)
#define BLOCK     (FS_BLOCK | 0660)

const struct device devices[] = {
    {"null", CHARACTER, FS_DEVICE(1, 3), DEVICE_BUILT_IN, &null_operations},
    {"zero", CHARACTER, FS_DEVICE(1, 5), DEVICE_BUILT_IN, &zero_operations},
    {"random", CHARACTER, FS_DEVICE(1, 8), DEVICE_BUILT_IN, &random_operations},
    {"urandom", CHARACTER, FS_DEVICE(1, 9), DEVICE_BUILT_IN, &random_operations},
    {"tty", CHARACTER, FS_DEVICE_TTY, HANDLE_CONSOLE, &terminal_operations},
    {"console", CHARACTER, FS_DEVICE_CONSOLE, HANDLE_CONSOLE, &terminal_operations},
    {"empty", CHARACTER, FS_DEVICE(10, 1), HANDLE_NULL, &empty_operations},
    {"bench", CHARACTER, FS_DEVICE(10, 2), HANDLE_BENCH, &bench_operations},
    {"vda", BLOCK, FS_DEVICE(254, 0), HANDLE_BLK, &block_operations},
    {"nullb0", BLOCK, FS_DEVICE(253, 0), HANDLE_NULLBLK, &block_operations},
    {"nullb1", BLOCK, FS_DEVICE(253, 1), HANDLE_NULLB1, &block_operations},
    {"vdb", BLOCK, FS_DEVICE(254, 16), HANDLE_BLK1, &block_operations},
#if DOMAIN_VERSION >= 2
    {"full", CHARACTER, FS_DEVICE(1, 7), DEVICE_BUILT_IN, &full_operations},
#endif
};
const uint32_t device_count = sizeof devices / sizeof *devices;

RpcResult device_result(RpcResult result)
{
    if (result.status >= -4095)
        return result;
    if (result.status == RPC_TIMEOUT)
        return rpc_error(-ETIMEDOUT);
    bool absent = result.status == RPC_DEAD || result.status == RPC_NO_HANDLE;
    return rpc_error(absent ? -ENXIO : -EIO);
}

// Whether a service stands behind the device, be it alive or not. A second disk is there while its
// driver is, which nobody loads at boot.
static bool device_exists(const struct device *device)
{
    int64_t least = device->service == HANDLE_BLK1;
    return device->service == DEVICE_BUILT_IN || core_handle_status(device->service) >= least;
}

// The device of a node or open file that was found before, or NULL. Whether its service is still
// there, the call of it tells.
static const struct device *device_at(uint64_t number)
{
    uint64_t index = (number & NODE_MASK) - NODE_DEVICES;
    return index < device_count ? &devices[index] : NULL;
}

// The same for one that must exist.
static const struct device *device_find(uint64_t number)
{
    const struct device *device = device_at(number);
    return device && device_exists(device) ? device : NULL;
}

// ---- The directory ----

RpcResult fs_do_root(void)
{
    return rpc_ok(NODE_ROOT);
}

RpcResult fs_do_lookup(uint64_t dir, rref_t name, uint32_t length)
{
    char text[FS_NAME_MAX + 1] = {0};
    if (dir != NODE_ROOT)
        return rpc_error(device_find(dir) ? -ENOTDIR : -ESTALE);
    if (length > FS_NAME_MAX)
        return rpc_error(-ENAMETOOLONG);
    int64_t result = core_rref_read(name, 0, text, length);
    if (result < 0)
        return rpc_error(result);
    if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
        return rpc_ok(NODE_ROOT);
    for (uint32_t i = 0; i < device_count; i++)
        if (strcmp(devices[i].name, text) == 0 && device_exists(&devices[i]))
            return rpc_ok(NODE_DEVICES + i);
    return rpc_error(-ENOENT);
}

// The files are as old as the system.
RpcResult fs_do_stat(uint64_t node, rref_t out)
{
    wall_learn(HANDLE_RTC);
    struct fs_stat stat = {
        .node = node, .mode = FS_DIRECTORY | 0755, .links = 2, .block_size = 4096};
    stat.accessed = stat.modified = stat.changed = wall_boot();
    const struct device *device = device_find(node);
    if (!device && node != NODE_ROOT)
        return rpc_error(-ESTALE);
    if (device) {
        stat.mode = device->mode;
        stat.links = 1;
        stat.device = device->number;
        if (device->operations->size)
            stat.size = device->operations->size(device).value;
    }
    int64_t result = core_rref_write(out, 0, &stat, sizeof stat);
    return result < 0 ? rpc_error(result) : rpc_ok(0);
}

// Entry POSITION as a record: ".", "..", then the devices that exist. 0 past the last.
static uint32_t record_make(uint64_t position, struct fs_entry *entry)
{
    const char *name = position ? ".." : ".";
    uint64_t node = NODE_ROOT, type = FS_DIRECTORY;
    if (position >= 2) {
        while (position - 2 < device_count && !device_exists(&devices[position - 2]))
            position++;
        if (position - 2 >= device_count)
            return 0;
        const struct device *device = &devices[position - 2];
        name = device->name;
        node = NODE_DEVICES + position - 2;
        type = device->mode;
    }
    entry->node = node;
    entry->next = position + 1;
    entry->length = (uint16_t)FS_ENTRY_LENGTH(strlen(name));
    entry->type = (uint8_t)((type & FS_TYPE) >> 12);
    memset(entry->name, 0, entry->length - FS_ENTRY_NAME);
    strcpy(entry->name, name);
    return entry->length;
}

RpcResult fs_do_readdir(uint64_t node, uint64_t position, rref_t buffer, uint32_t length)
{
    uint64_t record[8];
    uint32_t filled = 0, size;
    if (node != NODE_ROOT)
        return rpc_error(device_find(node) ? -ENOTDIR : -ESTALE);
    if (position > device_count + 2)
        return rpc_ok(0);
    while ((size = record_make(position, (struct fs_entry *)record)) > 0) {
        if (size > length - filled)
            return filled ? rpc_ok(filled) : rpc_error(-EINVAL);
        int64_t result = core_rref_write(buffer, filled, record, size);
        if (result < 0)
            return rpc_error(result);
        filled += size;
        position = ((struct fs_entry *)record)->next;
    }
    return rpc_ok(filled);
}

// ---- Open files ----

// Openings are not kept over a crash here, so tickets say nothing.
RpcResult fs_do_open(uint64_t node, uint32_t flags, uint64_t ticket)
{
    (void)ticket;
    if (node == NODE_ROOT)
        return flags & FS_OPEN_ACCESS ? rpc_error(-EISDIR) : rpc_ok(node);
    const struct device *device = device_find(node);
    if (!device)
        return rpc_error(-ENXIO);
    if (flags & FS_OPEN_DIRECTORY)
        return rpc_error(-ENOTDIR);
    if (!device->operations->open)
        return rpc_ok(node);
    RpcResult opened = device->operations->open(device);
    if (opened.status < 0)
        return device_result(opened);
    return rpc_ok(opened.value << FILE_PRIVATE_SHIFT | node);
}

RpcResult fs_do_close(uint64_t file, uint64_t ticket)
{
    (void)ticket;
    const struct device *device = device_find(file);
    if (device && device->operations->close)
        device->operations->close(file);
    return rpc_ok(0);
}

RpcResult fs_do_read(uint64_t file, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    const struct device *device = device_at(file);
    if (!device)
        return rpc_error(file == NODE_ROOT ? -EISDIR : -ENXIO);
    if (!device->operations->read)
        return rpc_error(-EINVAL);
    struct transfer transfer = {file, offset, buffer, start, length};
    return device_result(device->operations->read(device, &transfer));
}

RpcResult fs_do_write(uint64_t file, uint64_t offset, rref_t buffer, uint32_t start,
                      uint32_t length)
{
    const struct device *device = device_at(file);
    if (!device)
        return rpc_error(-ENXIO);
    if (!device->operations->write)
        return rpc_error(-EINVAL);
    struct transfer transfer = {file, offset, buffer, start, length};
    return device_result(device->operations->write(device, &transfer));
}

RpcResult fs_do_control(uint64_t file, uint64_t request, rref_t argument, uint64_t value)
{
    const struct device *device = device_find(file);
    if (!device || !device->operations->control)
        return rpc_error(-ENOTTY);
    return device_result(device->operations->control(device, request, argument, value));
}

RpcResult fs_do_poll(uint64_t file)
{
    const struct device *device = device_find(file);
    if (!device)
        return rpc_ok(FS_POLL_ERROR | FS_POLL_HANGUP);
    if (!device->operations->poll)
        return rpc_ok(FS_POLL_IN | FS_POLL_OUT);
    return device_result(device->operations->poll(device));
}

RpcResult fs_do_event(uint64_t file)
{
    const struct device *device = device_find(file);
    if (!device || !device->operations->event)
        return rpc_error(-ENOSYS);
    return device_result(device->operations->event(device));
}

RpcResult fs_do_backend(uint64_t file)
{
    const struct device *device = device_find(file);
    bool is_block = device && device->operations == &block_operations;
    return is_block ? rpc_ok(device->service) : rpc_error(-ENOSYS);
}

RpcResult fs_do_sync(uint64_t file)
{
    (void)file;
    RpcResult result = rpc_ok(0);
    for (uint32_t i = 0; i < device_count; i++) {
        if (devices[i].operations != &block_operations || !device_exists(&devices[i]))
            continue;
        RpcResult flushed = device_result(block_flush(devices[i].service));
        if (flushed.status < 0)
            result = flushed;
    }
    return result;
}

// ---- What a directory of devices does not do ----

// Opening a device for writing as `>` does must not fail.
RpcResult fs_do_truncate(uint64_t node, uint64_t size)
{
    (void)size;
    return device_find(node) ? rpc_ok(0) : rpc_error(-EISDIR);
}

RpcResult fs_do_create(uint64_t dir, rref_t name, uint32_t length, uint32_t mode,
                       uint32_t target_length)
{
    (void)mode, (void)target_length;
    bool exists = fs_do_lookup(dir, name, length).status == RPC_OK;
    return rpc_error(exists ? -EEXIST : -EPERM);
}
