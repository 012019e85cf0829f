// SPDX-License-Identifier: MIT
// Block devices: transfers of whole sectors go straight to the service behind the device, which its
// file system names once. What it refuses as invalid (past the end, not whole sectors) is for the
// file system, which knows what a file does there.
#pragma once
#include "block.h"
#include "block_client.h"
#include "files.h"

// May a transfer go to the service itself?
static inline bool backend_serves(const struct open_file *file, uint64_t position, uint64_t n)
{
    return (file->mode & FS_TYPE) == FS_BLOCK && (position | n) % BLOCK_SECTOR == 0 && n;
}

// A file has been opened or taken over: what may go the short way (short_transfer.h)?
void file_prepare(struct open_file *file);

// Asks for the service, when a device is opened: a service's handle must be among the first of the
// domain's, which the threads' may fill later. Asks again at a request where that gave none. 0:
// there is none.
handle_t backend_find(struct open_file *file);

// One request on BUFFER (LENGTH bytes, at most FS_TRANSFER_MAX, from its start). Value and status
// as the file system's read and write have them, FS_QUEUED too; -EINVAL: ask the file system.
// *STILL_LENT: see gate_call.h.
static inline RpcResult backend_request(struct open_file *file, uint64_t position, rref_t buffer,
                                        uint32_t length, bool is_read, uint64_t *still_lent)
{
    handle_t service = file->backend ? file->backend : backend_find(file);
    if (!service)
        return rpc_error(-EINVAL);
    RpcResult result = block_submit_watched(still_lent, service, is_read ? BLOCK_READ : BLOCK_WRITE,
                                            position, buffer, 0, length);
    if (result.status == RPC_OK)
        result.value = result.value == BLOCK_DONE ? length : FS_QUEUED;
    return result;
}
