// SPDX-License-Identifier: MIT
// The short way of what most transfers are: one request to a file system or to a block device's
// driver, for what the thread's window shows, which is answered at once. All else is transfer.c's.
#pragma once
#include "block.h"
#include "block_client.h"
#include "fs_client.h"
#include "window.h"

// Smaller pieces of files cost less by way of the thread's buffer.
#define SHORT_LEAST 1024u

static inline bool transfer_is_short(const struct open_file *file, uint64_t n, uint64_t position,
                                     bool is_read)
{
    if (!(file->short_ways & (is_read ? SHORT_READ : SHORT_WRITE)) || n - 1 >= FS_TRANSFER_MAX)
        return false;
    return file->backend ? (position | n) % BLOCK_SECTOR == 0 : n > SHORT_LEAST;
}

// The answer as file systems give it.
static inline RpcResult short_request(const struct open_file *file, rref_t window, uint32_t n,
                                      uint64_t position, bool is_read, uint64_t *still_lent)
{
    if (file->backend) {
        RpcResult result = block_submit_watched(
            still_lent, file->backend, is_read ? BLOCK_READ : BLOCK_WRITE, position, window, 0, n);
        if (result.status == RPC_OK)
            result.value = result.value == BLOCK_DONE ? n : FS_QUEUED;
        return result;
    }
    handle_t service = mounts[file->place.mount].service;
    return is_read ? fs_read_watched(still_lent, service, file->file, position, window, 0, n)
                   : fs_write_watched(still_lent, service, file->file, position, window, 0, n);
}

// N bytes between the file at POSITION and the program's memory. The count, which may be short, or
// a negative errno; -EAGAIN: it is not that simple, or has to wait, and nothing has happened.
static inline __attribute__((always_inline)) int64_t short_transfer(struct thread *thread,
                                                                    struct open_file *file,
                                                                    uint64_t address, uint64_t n,
                                                                    uint64_t position, bool is_read)
{
    uint64_t still_lent;
    if (!transfer_is_short(file, n, position, is_read))
        return -EAGAIN;
    int64_t error = window_show(thread, thread->process->memory.space, address, (uint32_t)n,
                                is_read ? PROTECTION_WRITE : PROTECTION_READ);
    if (error < 0)
        return error;
    RpcResult result =
        short_request(file, thread->window, (uint32_t)n, position, is_read, &still_lent);
    if (result.status == RPC_OK && result.value <= n && !still_lent)
        return (int64_t)result.value;
    return window_conclude(thread, file, (uint32_t)n, position, is_read, result);
}
