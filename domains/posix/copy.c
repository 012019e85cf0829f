// SPDX-License-Identifier: MIT
// copy_file_range: bytes from one file to another that no process looks at. They go by way of two
// buffers that are never mapped: where both file systems leave it to their devices, nothing copies
// them. One buffer is filled, by several requests at once, while the other is written.
//
// Both requests may be repeated, so a crash of a file system or a driver is noticed no more than in
// a read or a write. Who must leave is told how much was copied, and makes the rest another call.
#include "calls.h"
#include "core.h"
#include "fs_client.h"
#include "processes.h"

#define COUNT_MAX  0x7FFFF000u // as Linux: one call moves no more
#define PAGE_BYTES 4096u
#define PART_MAX   0x200000u // such an RRef lies in one piece of memory, which devices like
#define LOOK_NS    10000000u // from one look whether a device has let a buffer go to the next

// A part of the file, which has been asked for.
struct part {
    rref_t buffer; // 0: there is none
    uint64_t position;
    uint32_t length; // that were asked for; 0: nothing
    uint32_t count;  // of these, that the file has
    uint32_t queued; // requests that have not ended
    int64_t error;   // of the others
};

struct copy {
    struct thread *thread;
    struct open_file *in, *out;
    uint64_t from, to, left; // what has not been asked for
    uint32_t room;           // of each buffer
    struct part parts[2];
};

static int64_t part_prepare(struct copy *copy, struct part *part)
{
    int64_t made = core_rref_alloc(copy->room, 0);
    if (made < 0)
        return -ENOMEM;
    part->buffer = (rref_t)made;
    return core_rref_completion(part->buffer, copy->thread->event, 0);
}

// A server that crashed may have given the buffer to a device, which still has it.
static void part_release(struct copy *copy, struct part *part)
{
    while (part->buffer && core_rref_free(part->buffer) == -EBUSY) {
        struct wait_item item = {.event = copy->thread->event};
        item.seen = sleep_prepare(copy->thread);
        if (core_wait(&item, 1, core_time() + LOOK_NS) == -EINTR)
            core_yield();
    }
    part->buffer = 0;
}

// Asks for N bytes behind those that were asked for. False: there are no more, or they do not come.
static bool part_ask(const struct copy *copy, struct part *part, uint32_t n)
{
    RpcResult answer = fs_read(mounts[copy->in->place.mount].service, copy->in->file,
                               part->position + part->count, part->buffer, part->count, n);
    if (answer.status == RPC_OK && answer.value == FS_QUEUED) {
        part->queued++;
        part->count += n;
        return true;
    }
    int64_t got = answer.status == RPC_OK && answer.value > n ? -EIO : fs_result(answer);
    part->error = got < 0 ? got : 0;
    part->count += got > 0 ? (uint32_t)got : 0;
    return got == n;
}

// Of these, all but the first begin with a page.
static void part_ask_all(const struct copy *copy, struct part *part)
{
    part->count = part->queued = 0;
    part->error = 0;
    for (uint32_t n; part->count < part->length;) {
        n = FS_TRANSFER_MAX - (uint32_t)((part->position + part->count) % PAGE_BYTES);
        n = n < part->length - part->count ? n : part->length - part->count;
        if (!part_ask(copy, part, n))
            break;
    }
}

static void part_begin(struct copy *copy, struct part *part)
{
    part->length = copy->left < copy->room ? (uint32_t)copy->left : copy->room;
    part->position = copy->from;
    copy->from += part->length;
    copy->left -= part->length;
    part_ask_all(copy, part);
}

// Waits for what was queued. The first error, or 0.
static int64_t part_settle(struct copy *copy, struct part *part)
{
    int64_t error = 0;
    for (; part->queued; part->queued--) {
        uint64_t still_lent; // others of them may be under way
        int64_t status = queued_wait(copy->thread, part->buffer, &still_lent);
        error = error ? error : status;
    }
    return error < 0 ? error : 0;
}

// How many bytes of the part have come, or a negative errno. What outlived its driver is asked for
// again.
static int64_t part_wait(struct copy *copy, struct part *part)
{
    int64_t error = part_settle(copy, part);
    for (int tries = 1; error == RPC_CRASHED && tries < FS_QUEUED_TRIES; tries++) {
        part_ask_all(copy, part);
        error = part_settle(copy, part);
    }
    if (error < 0)
        return fs_error(error);
    return part->count ? part->count : part->error;
}

// Writes LENGTH bytes of the part, or some of them where the thread must leave. How many, or a
// negative errno if none.
static int64_t part_write(struct copy *copy, const struct part *part, uint32_t length)
{
    handle_t service = mounts[copy->out->place.mount].service;
    uint32_t done = 0;
    int64_t written = 0;
    while (done < length && written >= 0 && !(done && thread_must_leave(copy->thread))) {
        uint32_t n = FS_WRITE_MAX - (uint32_t)(copy->to % PAGE_BYTES);
        n = n < length - done ? n : length - done;
        written = fs_result(fs_write(service, copy->out->file, copy->to, part->buffer, done, n));
        if (written == 0 || written > n)
            written = -EIO;
        if (n >= FS_WRITE_LENT)
            core_rref_completion(part->buffer, copy->thread->event, 0);
        done += written > 0 ? (uint32_t)written : 0;
        copy->to += written > 0 ? (uint64_t)written : 0;
    }
    return done ? done : written;
}

// As much as there is, until somebody wants the thread to leave. The count, or a negative errno.
static int64_t parts_copy(struct copy *copy)
{
    uint64_t done = 0;
    int64_t result = 0;
    struct part *part = &copy->parts[0], *next = &copy->parts[1], *swapped;
    for (part_begin(copy, part); part->length; swapped = part, part = next, next = swapped) {
        uint32_t asked = part->length;
        int64_t length = result = part_wait(copy, part);
        part->length = 0;
        if (length == asked && next->buffer && !thread_must_leave(copy->thread))
            part_begin(copy, next);
        if (length > 0)
            result = part_write(copy, part, (uint32_t)length);
        done += result > 0 ? (uint64_t)result : 0;
        if (result < asked)
            break;
    }
    part_settle(copy, next);
    return done ? (int64_t)done : result;
}

// As large as the file needs them.
static int64_t buffers_choose(struct copy *copy)
{
    struct fs_stat stat = {0};
    int64_t result = place_stat(copy->thread, copy->in->place, &stat);
    uint64_t there = stat.size > copy->from ? stat.size - copy->from : 0;
    uint64_t room = there < copy->left ? there : copy->left;
    room = (room + PAGE_BYTES) / PAGE_BYTES * PAGE_BYTES; // and where it ends is seen at once
    copy->room = room < PART_MAX ? (uint32_t)room : PART_MAX;
    return result;
}

static int64_t copy_run(struct copy *copy)
{
    int64_t result = buffers_choose(copy);
    if (result == 0)
        result = part_prepare(copy, &copy->parts[0]);
    if (result == 0 && copy->room == PART_MAX)
        result = part_prepare(copy, &copy->parts[1]);
    if (result == 0)
        result = parts_copy(copy);
    part_release(copy, &copy->parts[0]);
    part_release(copy, &copy->parts[1]);
    return result;
}

// ---- The call ----

static int64_t side_check(const struct open_file *file, uint32_t forbidden)
{
    if (!file || (file->flags & OPEN_PATH) || (file->flags & OPEN_ACCESS) == forbidden)
        return -EBADF;
    if ((file->mode & FS_TYPE) == FS_DIRECTORY)
        return -EISDIR;
    return !file->pipe && (file->mode & FS_TYPE) == FS_FILE ? 0 : -EINVAL;
}

static int64_t files_check(const struct open_file *in, const struct open_file *out)
{
    int64_t result = side_check(in, OPEN_WRITE);
    if (result == 0)
        result = side_check(out, OPEN_READ);
    return result == 0 && (out->flags & OPEN_APPEND) ? -EBADF : result;
}

// The offset at a user address; the file's own, which is ours meanwhile, where there is none.
static int64_t offset_get(struct thread *thread, uint64_t address, const struct open_file *file,
                          uint64_t *offset)
{
    *offset = file->position;
    if (address && user_read(thread, offset, address, sizeof *offset) < 0)
        return -EFAULT;
    return (int64_t)*offset < 0 ? -EINVAL : 0;
}

static int64_t offset_put(struct thread *thread, uint64_t address, struct open_file *file,
                          uint64_t offset)
{
    if (address)
        return user_write(thread, address, &offset, sizeof offset) < 0 ? -EFAULT : 0;
    file->position = offset;
    return 0;
}

static bool is_overlapping(const struct copy *copy)
{
    const struct place *in = &copy->in->place, *out = &copy->out->place;
    uint64_t apart = copy->from < copy->to ? copy->to - copy->from : copy->from - copy->to;
    return in->mount == out->mount && in->node == out->node && apart < copy->left;
}

static int64_t copy_at(struct copy *copy, const uint64_t *a)
{
    int64_t result = offset_get(copy->thread, a[1], copy->in, &copy->from);
    if (result == 0)
        result = offset_get(copy->thread, a[3], copy->out, &copy->to);
    if (result < 0)
        return result;
    uint64_t from = copy->from, to = copy->to;
    copy->left = a[4] < COUNT_MAX ? a[4] : COUNT_MAX;
    if (copy->left > INT64_MAX - (from < to ? to : from))
        return -EOVERFLOW;
    if (is_overlapping(copy))
        return -EINVAL;
    if (copy->left) {
        copy->left = limit_file_bytes(copy->thread, to, copy->left);
        if (!copy->left)
            return -EFBIG;
    }
    result = copy->left ? copy_run(copy) : 0;
    if (result <= 0)
        return result;
    int64_t in_put = offset_put(copy->thread, a[1], copy->in, from + (uint64_t)result);
    int64_t out_put = offset_put(copy->thread, a[3], copy->out, to + (uint64_t)result);
    return in_put < 0 ? in_put : out_put < 0 ? out_put : result;
}

// The positions are taken in one order by all, or two would wait for each other.
static int64_t copy_positioned(struct copy *copy, const uint64_t *a)
{
    struct open_file *taken[] = {a[1] ? NULL : copy->in, a[3] ? NULL : copy->out};
    if (taken[0] && taken[0] == taken[1])
        return a[4] ? -EINVAL : 0;
    if (taken[0] > taken[1]) {
        struct open_file *first = taken[1];
        taken[1] = taken[0];
        taken[0] = first;
    }
    int64_t result = taken[0] ? position_take(copy->thread, taken[0]) : 0;
    if (result < 0)
        return result;
    result = taken[1] ? position_take(copy->thread, taken[1]) : 0;
    if (result == 0) {
        result = copy_at(copy, a);
        if (taken[1])
            position_give(taken[1]);
    }
    if (taken[0])
        position_give(taken[0]);
    return result;
}

int64_t call_copy_file_range(struct thread *thread, const uint64_t *a)
{
    struct file_use in = file_use(thread, (int32_t)a[0]), out = file_use(thread, (int32_t)a[2]);
    struct copy copy = {.thread = thread, .in = in.file, .out = out.file};
    int64_t result = a[5] ? -EINVAL : files_check(in.file, out.file);
    if (result == 0)
        result = copy_positioned(&copy, a);
    if (in.file)
        file_leave(thread, in);
    if (out.file)
        file_leave(thread, out);
    return result;
}
