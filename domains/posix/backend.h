// SPDX-License-Identifier: MIT
// Block devices: transfers of whole sectors go straight to the service behind the device, which its
// file system names once. What it refuses as invalid (past the end, not whole sectors) is for the
// file system, which knows what a file does there.
#pragma once
#include "files.h"

#define SECTOR_SIZE 512u

// May a transfer go to the service itself?
static inline bool backend_serves(const struct open_file *file, uint64_t position, uint64_t n)
{
    return (file->mode & FS_TYPE) == FS_BLOCK && (position | n) % SECTOR_SIZE == 0 && n;
}

// One request on BUFFER (LENGTH bytes, at most FS_TRANSFER_MAX, from its start). Value and status as
// the file system's read and write have them, FS_QUEUED too; -EINVAL: ask the file system.
RpcResult backend_request(struct open_file *file, uint64_t position, rref_t buffer, uint32_t length,
                        bool is_read);
