// SPDX-License-Identifier: MIT
// Pipes: a ring of bytes between two open files. pipe_lock covers all of them; it is held over
// copies to and from user memory, which are core entries, but over no sleep.
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "core.h"
#include "files.h"
#include "processes.h"

#define PIPE_ATOMIC 4096u // writes up to this size are not mixed with others

static struct mutex pipe_lock;

int64_t pipe_create(struct open_file *ends[2], uint32_t flags)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);
    ends[0] = calloc(1, sizeof **ends);
    ends[1] = calloc(1, sizeof **ends);
    if (pipe)
        pipe->bytes = malloc(PIPE_SIZE);
    if (!pipe || !pipe->bytes || !ends[0] || !ends[1]) {
        if (pipe)
            free(pipe->bytes);
        free(pipe);
        free(ends[0]);
        free(ends[1]);
        return -ENOMEM;
    }
    pipe->readers = pipe->writers = 1;
    for (uint32_t i = 0; i < 2; i++) {
        ends[i]->references = 1;
        ends[i]->mode = FS_FIFO;
        ends[i]->flags = (i ? OPEN_WRITE : OPEN_READ) | (flags & OPEN_NONBLOCK);
        ends[i]->pipe = pipe;
    }
    return 0;
}

static bool is_reader(const struct open_file *file)
{
    return (file->flags & OPEN_ACCESS) == OPEN_READ;
}

void pipe_end_close(struct open_file *file)
{
    struct pipe *pipe = file->pipe;
    mutex_lock(&pipe_lock);
    if (is_reader(file))
        pipe->readers--;
    else
        pipe->writers--;
    bool is_last = pipe->readers == 0 && pipe->writers == 0;
    queue_wake(&pipe->queue);
    mutex_unlock(&pipe_lock);
    if (is_last) {
        free(pipe->bytes);
        free(pipe);
    }
}

// The longest run of bytes from ring position AT on, at most N.
static uint64_t run_length(uint32_t at, uint64_t n)
{
    return n < PIPE_SIZE - at ? n : PIPE_SIZE - at;
}

// Moves up to N bytes out. The count, 0 at the end, -EAGAIN, -EFAULT. pipe_lock held.
static int64_t ring_read(struct pipe *pipe, handle_t space, uint64_t address, uint64_t n)
{
    uint64_t total = n < pipe->filled ? n : pipe->filled, done = 0;
    if (total == 0)
        return pipe->writers ? -EAGAIN : 0;
    while (done < total) {
        uint64_t run = run_length(pipe->start, total - done);
        int64_t copied = core_space_write(space, address + done, pipe->bytes + pipe->start, run);
        if (copied <= 0)
            break;
        pipe->start = (pipe->start + (uint32_t)copied) % PIPE_SIZE;
        pipe->filled -= (uint32_t)copied;
        done += (uint64_t)copied;
        if ((uint64_t)copied < run)
            break;
    }
    return done ? (int64_t)done : -EFAULT;
}

// Moves up to N bytes in. The count, -EPIPE, -EAGAIN, -EFAULT. pipe_lock held.
static int64_t ring_write(struct pipe *pipe, handle_t space, uint64_t address, uint64_t n)
{
    uint64_t room = PIPE_SIZE - pipe->filled, total = n < room ? n : room, done = 0;
    if (pipe->readers == 0)
        return -EPIPE;
    if (total == 0 || (n <= PIPE_ATOMIC && room < n))
        return -EAGAIN;
    while (done < total) {
        uint32_t at = (pipe->start + pipe->filled) % PIPE_SIZE;
        uint64_t run = run_length(at, total - done);
        int64_t copied = core_space_read(space, pipe->bytes + at, address + done, run);
        if (copied <= 0)
            break;
        pipe->filled += (uint32_t)copied;
        done += (uint64_t)copied;
        if ((uint64_t)copied < run)
            break;
    }
    return done ? (int64_t)done : -EFAULT;
}

// Sleeps until the pipe has changed. Who changes it wakes the queue with pipe_lock held: joined
// under it, no wake-up is missed. It is held already, and given back. 0 or -EINTR.
static inline int64_t pipe_sleep(struct thread *thread, struct pipe *pipe)
{
    struct waiter waiter;
    queue_join(&pipe->queue, &waiter, thread);
    mutex_unlock(&pipe_lock);
    int64_t slept = sleep_again(thread);
    queue_leave(&pipe->queue, &waiter);
    return slept;
}

// For one who reads from an empty pipe. As pipe_sleep, and then reads.
static __attribute__((noinline)) int64_t pipe_await(struct thread *thread, struct open_file *file,
                                                    uint64_t address, uint64_t n)
{
    int64_t slept = pipe_sleep(thread, file->pipe);
    return slept < 0 ? slept : pipe_read(thread, file, address, n);
}

// Attempts, and sleeps until one may go better. pipe_lock is held already, and given back.
static __attribute__((noinline)) int64_t pipe_insist(struct thread *thread, struct open_file *file,
                                                     uint64_t address, uint64_t n, bool is_read)
{
    handle_t space = thread->process->memory.space;
    struct pipe *pipe = file->pipe;
    for (;;) {
        int64_t result =
            is_read ? ring_read(pipe, space, address, n) : ring_write(pipe, space, address, n);
        if (result > 0)
            queue_wake(&pipe->queue);
        if (result != -EAGAIN || (file->flags & OPEN_NONBLOCK)) {
            mutex_unlock(&pipe_lock);
            return result;
        }
        int64_t slept = pipe_sleep(thread, pipe);
        if (slept < 0)
            return slept;
        mutex_lock(&pipe_lock);
    }
}

// What has come of a copy of one run. pipe_lock is given back.
static inline int64_t run_end(struct pipe *pipe, int64_t copied)
{
    if (copied > 0)
        queue_wake(&pipe->queue);
    mutex_unlock(&pipe_lock);
    return copied > 0 ? copied : -EFAULT;
}

// The short way where there is something, and what is to be read lies in one run.
int64_t pipe_read(struct thread *thread, struct open_file *file, uint64_t address, uint64_t n)
{
    struct pipe *pipe = file->pipe;
    if (!n)
        return 0;
    mutex_lock(&pipe_lock);
    uint64_t total = n < pipe->filled ? n : pipe->filled;
    if (!total && pipe->writers && !(file->flags & OPEN_NONBLOCK))
        return pipe_await(thread, file, address, n);
    if (!total || total > PIPE_SIZE - pipe->start)
        return pipe_insist(thread, file, address, n, true);
    int64_t copied =
        core_space_write(thread->process->memory.space, address, pipe->bytes + pipe->start, total);
    if (copied > 0) {
        pipe->start = (pipe->start + (uint32_t)copied) % PIPE_SIZE;
        pipe->filled -= (uint32_t)copied;
    }
    return run_end(pipe, copied);
}

// The rest of a write that began with RESULT, as the first attempt gave it.
static __attribute__((noinline)) int64_t write_go_on(struct thread *thread, struct open_file *file,
                                                     uint64_t address, uint64_t n, int64_t result)
{
    uint64_t done = 0;
    for (;;) {
        if (result == -EPIPE) {
            mutex_lock(&process_lock);
            signal_send(thread->process, SIGPIPE, (struct signal_origin){.code = ORIGIN_KERNEL});
            mutex_unlock(&process_lock);
        }
        if (result == -EINTR) {
            thread->progress += done; // the call goes on from there, or tells it
            return result;
        }
        if (result < 0)
            return done && result != -EPIPE ? (int64_t)done : result;
        done += (uint64_t)result;
        if (done == n || (file->flags & OPEN_NONBLOCK))
            return (int64_t)done;
        mutex_lock(&pipe_lock);
        result = pipe_insist(thread, file, address + done, n - done, false);
    }
}

// The short way where all of it has room, in one run.
int64_t pipe_write(struct thread *thread, struct open_file *file, uint64_t address, uint64_t n)
{
    struct pipe *pipe = file->pipe;
    int64_t result = 0;
    if (!n)
        return 0;
    mutex_lock(&pipe_lock);
    uint32_t at = (pipe->start + pipe->filled) % PIPE_SIZE;
    if (pipe->readers && n <= PIPE_SIZE - pipe->filled && n <= PIPE_SIZE - at) {
        result = core_space_read(thread->process->memory.space, pipe->bytes + at, address, n);
        if (result > 0)
            pipe->filled += (uint32_t)result;
        result = run_end(pipe, result);
    } else {
        result = pipe_insist(thread, file, address, n, false);
    }
    return result == (int64_t)n ? result : write_go_on(thread, file, address, n, result);
}

uint32_t pipe_poll(struct open_file *file)
{
    const struct pipe *pipe = file->pipe;
    uint32_t result = 0;
    mutex_lock(&pipe_lock);
    if (is_reader(file)) {
        result |= pipe->filled ? FS_POLL_IN : 0;
        result |= pipe->writers ? 0 : FS_POLL_HANGUP;
    } else {
        result |= PIPE_SIZE - pipe->filled >= PIPE_ATOMIC ? FS_POLL_OUT : 0;
        result |= pipe->readers ? 0 : FS_POLL_ERROR;
    }
    mutex_unlock(&pipe_lock);
    return result;
}

struct wait_queue *pipe_queue(struct open_file *file)
{
    return &file->pipe->queue;
}

uint64_t pipe_filled(struct open_file *file)
{
    return file->pipe->filled;
}

int64_t call_pipe2(struct thread *thread, const uint64_t *a)
{
    struct open_file *ends[2];
    uint32_t flags = (uint32_t)a[1];
    int64_t result = pipe_create(ends, flags);
    if (result < 0)
        return result;
    int64_t first = descriptor_add(thread, ends[0], 0, flags & OPEN_CLOSE_ON_EXEC);
    int64_t second =
        first < 0 ? first : descriptor_add(thread, ends[1], 0, flags & OPEN_CLOSE_ON_EXEC);
    if (second >= 0) {
        int32_t pair[] = {(int32_t)first, (int32_t)second};
        if (user_write(thread, a[0], pair, sizeof pair) == 0)
            return 0;
        call_close(thread, (const uint64_t[]){(uint64_t)second});
    } else {
        file_put(thread, ends[1]);
    }
    if (first >= 0)
        call_close(thread, (const uint64_t[]){(uint64_t)first});
    else
        file_put(thread, ends[0]);
    return second < 0 ? second : -EFAULT;
}
