// SPDX-License-Identifier: MIT
#include "backend.h"

#include "core.h"
#include "fs_client.h"
#include "mutex.h"

#define BACKENDS 8

// A handle for each device, however many files are open: a domain has few handles. They stay, as
// the file system's own do.
static struct mutex backend_lock;
static struct {
    uint32_t device;
    handle_t service; // 0: this place is free
} backends[BACKENDS];

// The handle that is known for a device; FRESH, unless 0, becomes it where none is known. 0: none.
static handle_t backend_known(uint32_t device, handle_t fresh)
{
    handle_t known = 0;
    mutex_lock(&backend_lock);
    for (uint32_t i = 0; i < BACKENDS && !known; i++) {
        if (!backends[i].service && fresh) {
            backends[i].device = device;
            backends[i].service = fresh;
        }
        if (backends[i].service && backends[i].device == device)
            known = backends[i].service;
    }
    mutex_unlock(&backend_lock);
    return known;
}

handle_t backend_find(struct open_file *file)
{
    handle_t known = backend_known(file->device, 0);
    if (!known) {
        RpcResult asked = fs_backend(mounts[file->place.mount].service, file->file);
        if (asked.status != RPC_OK)
            return 0;
        known = backend_known(file->device, (handle_t)asked.value);
        if (known != (handle_t)asked.value)
            core_handle_close((handle_t)asked.value); // another thread was faster, or no place
    }
    file->backend = known;
    return known;
}

void file_prepare(struct open_file *file)
{
    static const uint32_t ways[] = {[OPEN_READ] = SHORT_READ,
                                    [OPEN_WRITE] = SHORT_WRITE,
                                    [OPEN_BOTH] = SHORT_READ | SHORT_WRITE};
    uint32_t type = file->mode & FS_TYPE, access = file->flags & OPEN_ACCESS;
    bool is_block = type == FS_BLOCK && backend_find(file);
    if ((is_block || type == FS_FILE) && !(file->flags & OPEN_PATH) && access <= OPEN_BOTH)
        file->short_ways = ways[access];
}
