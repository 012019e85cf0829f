// SPDX-License-Identifier: MIT
// Moving bytes between a file system and the calling process. Small pieces go through the thread's
// own buffer; larger ones are read or written by the server straight in the user's memory, through
// a window. A request that a driver has queued is waited for here, outside of the driver.
#include <string.h>

#include "backend.h"
#include "calls.h"
#include "core.h"
#include "fs_client.h"
#include "processes.h"
#include "short_transfer.h"

#define TERMINAL_RETRY_NS 250000000u
#define TERMINAL_WRITE_NS 2000000000u
#define POLL_NS           10000000u  // where a file system has no event to wait for
#define QUEUED_LOOK_NS    500000000u // from one look whether a driver has a request to the next

// One attempt's bytes: where they are, and how they get to the server.
struct piece {
    rref_t buffer;
    bool is_window;
    uint32_t length;
    uint64_t
        still_lent; // not 0: somebody may have it still, though the last call is over (gate_call.h)
};

static int64_t piece_make(struct thread *thread, struct piece *piece, handle_t space,
                          uint64_t address, uint64_t n, bool is_read, bool may_be_queued)
{
    piece->length = n < FS_TRANSFER_MAX ? (uint32_t)n : FS_TRANSFER_MAX;
    piece->is_window = may_be_queued || n > SHORT_LEAST;
    if (!piece->is_window) {
        piece->buffer = thread->bytes;
        if (is_read || n == 0)
            return 0;
        int64_t got = core_space_read(space, (void *)thread->bytes, address, n);
        if (got > 0)
            piece->length = (uint32_t)got;
        return got < 0 ? got : 0;
    }
    int64_t result = window_show(thread, space, address, piece->length,
                                 is_read ? PROTECTION_WRITE : PROTECTION_READ);
    piece->buffer = thread->window;
    return result;
}

// False: a device has the buffer, or somebody who may give it one.
static bool buffer_withdraw(struct thread *thread, rref_t buffer)
{
    int64_t error = buffer == thread->window ? window_hide(thread) : core_rref_free(buffer);
    return error != -EBUSY;
}

// The same once it has been waited for, with this end.
static int64_t queued_end(struct thread *thread, rref_t buffer, RpcResult ended,
                          uint64_t *still_lent)
{
    bool withdrawn = false;
    while (ended.status < 0) {
        if (withdrawn)
            return -EIO;
        if (ended.status == -ETIMEDOUT)
            withdrawn = buffer_withdraw(thread, buffer);
        else
            core_yield();
        ended = core_completion_wait(thread->event, withdrawn ? 0 : QUEUED_LOOK_NS);
    }
    *still_lent = (uint64_t)ended.status;
    return (int64_t)ended.value;
}

int64_t queued_wait(struct thread *thread, rref_t buffer, uint64_t *still_lent)
{
    RpcResult ended = core_completion_wait(thread->event, QUEUED_LOOK_NS);
    return queued_end(thread, buffer, ended, still_lent);
}

// Ends the piece; RESULT is what the server said. What was read goes to the user.
static int64_t piece_end(struct thread *thread, const struct piece *piece, handle_t space,
                         uint64_t address, bool is_read, int64_t result)
{
    if (piece->is_window) {
        if (piece->still_lent || result < 0)
            window_end(thread, result);
        return result;
    }
    if (!is_read || result <= 0)
        return result;
    return core_space_write(space, address, (void *)piece->buffer, (uint64_t)result);
}

static RpcResult piece_request(struct open_file *file, struct piece *piece, uint64_t position,
                               bool is_read)
{
    handle_t service = mounts[file->place.mount].service;
    if (backend_serves(file, position, piece->length)) {
        RpcResult result = backend_request(file, position, piece->buffer, piece->length, is_read,
                                           &piece->still_lent);
        if (result.status != -EINVAL)
            return result;
    }
    return is_read ? fs_read_watched(&piece->still_lent, service, file->file, position,
                                     piece->buffer, 0, piece->length)
                   : fs_write_watched(&piece->still_lent, service, file->file, position,
                                      piece->buffer, 0, piece->length);
}

// Waits for the end of a request to which RESULT was the answer, and makes it again where it
// outlived its driver. *ended: it has been waited for once, with this end; NULL: not yet. The
// count, or a negative errno.
static int64_t piece_conclude(struct thread *thread, struct open_file *file, struct piece *piece,
                              uint64_t position, bool is_read, RpcResult result,
                              const RpcResult *ended)
{
    for (int tries = 1;; tries++, ended = NULL) {
        if (result.status == RPC_OK && result.value > piece->length && result.value != FS_QUEUED)
            return -EIO;
        if (result.status < 0 || result.value != FS_QUEUED)
            return fs_result(result);
        int64_t status = ended ? queued_end(thread, piece->buffer, *ended, &piece->still_lent)
                               : queued_wait(thread, piece->buffer, &piece->still_lent);
        if (status >= 0)
            return piece->length;
        if (status != RPC_CRASHED || tries == FS_QUEUED_TRIES)
            return fs_error(status);
        result = piece_request(file, piece, position, is_read);
    }
}

static int64_t piece_transfer(struct thread *thread, struct open_file *file, handle_t space,
                              uint64_t address, uint64_t n, uint64_t position, bool is_read)
{
    struct piece piece;
    bool may_be_queued = (file->mode & FS_TYPE) == FS_BLOCK;
    int64_t result = piece_make(thread, &piece, space, address, n, is_read, may_be_queued);
    if (result < 0)
        return result;
    result = piece_conclude(thread, file, &piece, position, is_read,
                            piece_request(file, &piece, position, is_read), NULL);
    if (!is_read && piece.length >= FS_WRITE_LENT)
        core_rref_completion(thread->window, thread->event, 0); // a file system may have had it
    return piece_end(thread, &piece, space, address, is_read, result);
}

static __attribute__((noinline)) int64_t
window_conclude_late(struct thread *thread, struct open_file *file, uint32_t length,
                     uint64_t position, bool is_read, RpcResult result, const RpcResult *ended)
{
    struct piece piece = {
        .buffer = thread->window, .is_window = true, .length = length, .still_lent = 1};
    if (result.status == -EINVAL)
        result = piece_request(file, &piece, position, is_read);
    int64_t count = piece_conclude(thread, file, &piece, position, is_read, result, ended);
    if (piece.still_lent || count < 0)
        window_end(thread, count);
    return count;
}

// Mostly it was queued, goes well, and nobody has the window any more.
int64_t window_conclude(struct thread *thread, struct open_file *file, uint32_t length,
                        uint64_t position, bool is_read, RpcResult result)
{
    if (result.status != RPC_OK || result.value != FS_QUEUED)
        return window_conclude_late(thread, file, length, position, is_read, result, NULL);
    const RpcResult ended = core_completion_wait(thread->event, QUEUED_LOOK_NS);
    if (!ended.status && !ended.value)
        return length;
    return window_conclude_late(thread, file, length, position, is_read, result, &ended);
}

// Sleeps until the file may have something, or takes something.
static int64_t news_wait(struct thread *thread, const struct open_file *file, uint64_t seen)
{
    handle_t event = file_is_terminal(file) ? terminal_event_handle() : 0;
    uint64_t own = sleep_prepare(thread);
    struct wait_item items[] = {
        {.event = thread->event, .seen = own},
        {.event = event, .seen = seen},
    };
    uint64_t deadline = core_time() + (event ? TERMINAL_PATIENCE_NS : POLL_NS);
    int64_t result = thread_wait(thread, items, event ? 2 : 1, deadline);
    return result == -ETIMEDOUT || result >= 0 ? 0 : result == -EINTR ? result : -EIO;
}

static bool is_device_gone(int64_t result)
{
    return result == -ENXIO || result == -EIO || result == -ETIMEDOUT;
}

// A shell must not end because the console has crashed: whoever reads from it waits until it has
// been restarted. Writes wait a little, and then fail: a script that has to restart it goes on.
// The time counts from the first failure, which FAILED holds (0: none yet): how long the console
// took to fail is its own affair. Returns RESULT where the time is over, -EINTR, or 0: try again.
static int64_t terminal_return_wait(struct thread *thread, bool is_read, uint64_t *failed,
                                    int64_t result)
{
    uint64_t now = core_time();
    if (!*failed)
        *failed = now;
    if (!is_read && now - *failed > TERMINAL_WRITE_NS)
        return result;
    int64_t slept = sleep_until(thread, sleep_prepare(thread), now + TERMINAL_RETRY_NS);
    return slept == -EINTR ? slept : 0;
}

// Repeats a piece while it would block, unless the file is not to. -EINTR: the thread has to leave.
static int64_t piece_insist(struct thread *thread, struct open_file *file, handle_t space,
                            uint64_t address, uint64_t n, uint64_t position, bool is_read)
{
    uint64_t failed = 0;
    for (;;) {
        uint64_t seen = 0;
        handle_t event = file_is_terminal(file) ? terminal_event_handle() : 0;
        if (event)
            seen = (uint64_t)core_event_count(event);
        int64_t result = piece_transfer(thread, file, space, address, n, position, is_read);
        if (is_device_gone(result) && file_is_terminal(file))
            result = terminal_return_wait(thread, is_read, &failed, result);
        else if (result != -EAGAIN || (file->flags & OPEN_NONBLOCK))
            return result;
        else
            result = news_wait(thread, file, seen);
        if (result < 0)
            return result;
    }
}

// All of N bytes, or as many as there are. Streams give what they have at once.
static int64_t transfer(struct thread *thread, struct open_file *file, handle_t space,
                        uint64_t address, uint64_t n, uint64_t position, bool is_read)
{
    uint64_t done = 0;
    bool stops_short = is_read && (file->mode & FS_TYPE) == FS_CHARACTER;
    do {
        int64_t result =
            piece_insist(thread, file, space, address + done, n - done, position + done, is_read);
        if (result == -EINTR) {
            thread->progress += done; // the call goes on from there, or tells it
            return result;
        }
        if (result < 0)
            return done ? (int64_t)done : result;
        uint64_t wanted = n - done < FS_TRANSFER_MAX ? n - done : FS_TRANSFER_MAX;
        done += (uint64_t)result;
        if (result == 0 || stops_short || (is_read && (uint64_t)result < wanted))
            break;
        if (done < n && thread_must_leave(thread)) {
            thread->progress += done;
            return -EINTR;
        }
    } while (done < n);
    return (int64_t)done;
}

int64_t file_read_space(struct thread *thread, struct open_file *file, handle_t space,
                        uint64_t address, uint64_t n, uint64_t position)
{
    int64_t result = n ? transfer(thread, file, space, address, n, position, true) : 0;
    thread->progress = 0; // who calls begins anew
    return result;
}

int64_t file_read_kernel(struct thread *thread, struct open_file *file, void *to, uint64_t n,
                         uint64_t position)
{
    handle_t service = mounts[file->place.mount].service;
    uint64_t done = 0;
    while (done < n) {
        uint32_t room = n - done < DATA_SIZE ? (uint32_t)(n - done) : DATA_SIZE;
        int64_t got =
            fs_result(fs_read(service, file->file, position + done, thread->bytes, 0, room));
        if (got < 0)
            return got;
        if (got == 0 || got > room)
            break;
        memcpy((uint8_t *)to + done, (void *)thread->bytes, (size_t)got);
        done += (uint64_t)got;
    }
    return (int64_t)done;
}

// ---- The file's own position: one transfer at a time moves it ----

int64_t position_take(struct thread *thread, struct open_file *file)
{
    for (;;) {
        struct waiter waiter;
        uint64_t seen = sleep_prepare(thread);
        if (!atomic_exchange(&file->position_busy, 1))
            return 0;
        queue_join(&file->position_queue, &waiter, thread);
        int64_t slept = 0;
        if (file->position_busy)
            slept = sleep_until(thread, seen, WAIT_FOREVER);
        queue_leave(&file->position_queue, &waiter);
        if (slept < 0)
            return slept;
    }
}

void position_give(struct open_file *file)
{
    atomic_store(&file->position_busy, 0);
    queue_wake(&file->position_queue);
}

static int64_t transfer_at_position(struct thread *thread, struct open_file *file, uint64_t address,
                                    uint64_t n, bool is_read)
{
    handle_t space = thread->process->memory.space;
    if (!file_is_seekable(file))
        return transfer(thread, file, space, address, n, 0, is_read);
    int64_t result = position_take(thread, file);
    if (result < 0)
        return result;
    uint64_t before = thread->progress;
    result = is_read ? short_transfer(thread, file, address, n, file->position, true) : -EAGAIN;
    if (result == -EAGAIN)
        result = transfer(thread, file, space, address, n, file->position, is_read);
    if (result > 0)
        file->position += (uint64_t)result;
    else if (result == -EINTR)
        file->position += thread->progress - before;
    position_give(file);
    return result;
}

static int64_t file_check(struct thread *thread, const struct open_file *file, bool is_read)
{
    uint32_t access = file->flags & OPEN_ACCESS;
    if ((file->flags & OPEN_PATH) || access == (is_read ? OPEN_WRITE : OPEN_READ))
        return -EBADF;
    if ((file->mode & FS_TYPE) == FS_DIRECTORY)
        return -EISDIR;
    if (file_is_terminal(file))
        return terminal_check(thread, is_read ? SIGTTIN : 0);
    return 0;
}

int64_t file_read(struct thread *thread, struct open_file *file, uint64_t address, uint64_t n,
                  uint64_t *position)
{
    int64_t result = file_check(thread, file, true);
    if (result < 0)
        return result;
    if (file->pipe)
        return pipe_read(thread, file, address, n);
    if (n == 0)
        return 0;
    if (!position)
        return transfer_at_position(thread, file, address, n, true);
    result = transfer(thread, file, thread->process->memory.space, address, n, *position, true);
    if (result > 0)
        *position += (uint64_t)result;
    return result;
}

// How many of N bytes the limit for the size of files leaves. -EFBIG: none.
static int64_t write_limited(struct thread *thread, struct open_file *file, uint64_t n,
                             uint64_t position)
{
    struct fs_stat stat = {.size = position};
    if (!limit_file_is_set(thread) || (file->mode & FS_TYPE) != FS_FILE)
        return (int64_t)n;
    int64_t result = file->flags & OPEN_APPEND ? place_stat(thread, file->place, &stat) : 0;
    if (result < 0)
        return result;
    uint64_t room = limit_file_bytes(thread, stat.size, n);
    return n && !room ? -EFBIG : (int64_t)room;
}

int64_t file_write(struct thread *thread, struct open_file *file, uint64_t address, uint64_t n,
                   uint64_t *position)
{
    int64_t result = file_check(thread, file, false);
    if (result < 0)
        return result;
    if (file->pipe)
        return pipe_write(thread, file, address, n);
    if (n == 0 && (file->mode & FS_TYPE) == FS_BLOCK)
        return 0;
    result = write_limited(thread, file, n, position ? *position : file->position);
    if (result < 0)
        return result;
    n = (uint64_t)result;
    if (!position)
        return transfer_at_position(thread, file, address, n, false);
    result = transfer(thread, file, thread->process->memory.space, address, n, *position, false);
    if (result > 0)
        *position += (uint64_t)result;
    return result;
}
