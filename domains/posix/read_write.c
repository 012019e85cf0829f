// SPDX-License-Identifier: MIT
// The system calls that read, write and seek.
#include <string.h>

#include "calls.h"
#include "core.h"
#include "processes.h"
#include "short_transfer.h"

#define COUNT_MAX   0x7FFFF000u // as Linux: one call moves no more
#define VECTORS_MAX 64u

struct vector {
    uint64_t address, length;
};

typedef int64_t transfer_function(struct thread *thread, struct open_file *file, uint64_t address,
                                  uint64_t n, uint64_t *position);

// Gives back the reference to FILE; NULL: there is no such file.
static int64_t transfer_held(struct thread *thread, struct file_use use, const uint64_t *a,
                             uint64_t *position, transfer_function *function)
{
    uint64_t n = a[2] < COUNT_MAX ? a[2] : COUNT_MAX;
    uint64_t skip = thread->is_repeated ? thread->progress : 0; // moved before it was interrupted
    thread->is_repeated = false; // what follows in this call is no repetition
    if (!use.file)
        return -EBADF;
    if (position)
        *position += skip;
    int64_t result = -ESPIPE;
    if (!position || !use.file->pipe)
        result = function(thread, use.file, a[1] + skip, n - skip, position);
    file_leave(thread, use);
    if (result == -EINTR)
        return result;
    thread->progress = 0;
    return result < 0 && skip ? (int64_t)skip : result + (int64_t)skip;
}

static int64_t transfer_call(struct thread *thread, const uint64_t *a, uint64_t *position,
                             transfer_function *function)
{
    return transfer_held(thread, file_use(thread, (int32_t)a[0]), a, position, function);
}

// May this call go to a pipe as it is?
static inline bool call_is_piped(const struct thread *thread, const struct open_file *file,
                                 const uint64_t *a, uint32_t access)
{
    return file && file->pipe && (file->flags & OPEN_ACCESS) == access && a[2] <= COUNT_MAX &&
           !thread->is_repeated;
}

static __attribute__((noinline)) int64_t stream_call(struct thread *thread, struct file_use use,
                                                     const uint64_t *a, transfer_function *function)
{
    return transfer_held(thread, use, a, NULL, function);
}

int64_t call_read(struct thread *thread, const uint64_t *a)
{
    struct file_use use = file_use(thread, (int32_t)a[0]);
    if (!call_is_piped(thread, use.file, a, OPEN_READ))
        return stream_call(thread, use, a, file_read);
    int64_t result = pipe_read(thread, use.file, a[1], a[2]);
    file_leave(thread, use);
    return result;
}

int64_t call_write(struct thread *thread, const uint64_t *a)
{
    struct file_use use = file_use(thread, (int32_t)a[0]);
    if (!call_is_piped(thread, use.file, a, OPEN_WRITE))
        return stream_call(thread, use, a, file_write);
    int64_t result = pipe_write(thread, use.file, a[1], a[2]);
    file_leave(thread, use);
    return result;
}

// A call at a position, as transfer_held. Out of line, so that the short way saves little.
static __attribute__((noinline)) int64_t position_call(struct thread *thread, struct file_use use,
                                                       const uint64_t *a,
                                                       transfer_function *function)
{
    uint64_t position = a[3];
    if ((int64_t)position >= 0)
        return transfer_held(thread, use, a, &position, function);
    file_leave(thread, use);
    return -EINVAL;
}

// What a short write has left over, after the first DONE bytes. Gives back the reference to the
// file.
static __attribute__((noinline)) int64_t write_rest(struct thread *thread, struct file_use use,
                                                    const uint64_t *a, uint64_t done)
{
    const uint64_t rest[] = {a[0], a[1] + done, a[2] - done, a[3] + done};
    int64_t result = position_call(thread, use, rest, file_write);
    if (result == -EINTR)
        result = (int64_t)thread->progress;
    thread->progress = 0;
    return (int64_t)done + (result < 0 ? 0 : result);
}

static inline __attribute__((always_inline)) int64_t
position_transfer(struct thread *thread, struct file_use use, const uint64_t *a, bool is_read)
{
    int64_t result = -EAGAIN;
    if (use.file && (int64_t)a[3] >= 0 && !thread->is_repeated &&
        (is_read || use.file->backend || !limit_file_is_set(thread)))
        result = short_transfer(thread, use.file, a[1], a[2], a[3], is_read);
    if (result == -EAGAIN)
        return position_call(thread, use, a, is_read ? file_read : file_write);
    if (!is_read && result > 0 && (uint64_t)result < a[2])
        return write_rest(thread, use, a, (uint64_t)result);
    file_leave(thread, use);
    return result;
}

// Where the process has several threads. Out of line: the usual way has no count to remember.
static __attribute__((noinline)) int64_t position_counted(struct thread *thread, const uint64_t *a,
                                                          bool is_read)
{
    return position_transfer(thread, file_use_counted(thread, (int32_t)a[0]), a, is_read);
}

static inline __attribute__((always_inline)) int64_t position_enter(struct thread *thread,
                                                                    const uint64_t *a, bool is_read)
{
    if (thread->process->thread_count != 1)
        return position_counted(thread, a, is_read);
    return position_transfer(thread, file_use_alone(thread, (int32_t)a[0]), a, is_read);
}

int64_t call_pread64(struct thread *thread, const uint64_t *a)
{
    return position_enter(thread, a, true);
}

int64_t call_pwrite64(struct thread *thread, const uint64_t *a)
{
    return position_enter(thread, a, false);
}

static int64_t vector_call(struct thread *thread, const uint64_t *a, uint64_t *position,
                           transfer_function *function)
{
    struct vector vectors[VECTORS_MAX];
    if (a[2] > VECTORS_MAX)
        return -EINVAL;
    if (user_read(thread, vectors, a[1], a[2] * sizeof *vectors) < 0)
        return -EFAULT;
    int64_t done = 0;
    for (uint64_t i = 0; i < a[2]; i++) {
        if (!vectors[i].length)
            continue;
        uint64_t each[] = {a[0], vectors[i].address, vectors[i].length};
        int64_t result = transfer_call(thread, each, position, function);
        if (result == -EINTR && done) { // a short count: the first vectors are not done again
            done += (int64_t)thread->progress;
            thread->progress = 0;
            return done;
        }
        if (result < 0)
            return done ? done : result;
        done += result;
        if ((uint64_t)result < vectors[i].length)
            break;
    }
    return done;
}

int64_t call_readv(struct thread *thread, const uint64_t *a)
{
    return vector_call(thread, a, NULL, file_read);
}

int64_t call_writev(struct thread *thread, const uint64_t *a)
{
    return vector_call(thread, a, NULL, file_write);
}

int64_t call_preadv(struct thread *thread, const uint64_t *a)
{
    uint64_t position = a[3];
    return vector_call(thread, a, &position, file_read);
}

int64_t call_pwritev(struct thread *thread, const uint64_t *a)
{
    uint64_t position = a[3];
    return vector_call(thread, a, &position, file_write);
}

enum { SEEK_START, SEEK_CURRENT, SEEK_END };

static int64_t file_seek(struct thread *thread, struct open_file *file, int64_t offset,
                         uint32_t whence)
{
    struct fs_stat stat = {0};
    if (file->pipe)
        return -ESPIPE;
    if (whence > SEEK_END)
        return -EINVAL;
    if (whence == SEEK_END) {
        int64_t result = place_stat(thread, file->place, &stat);
        if (result < 0)
            return result;
    }
    uint64_t base = whence == SEEK_START ? 0 : whence == SEEK_END ? stat.size : file->position;
    int64_t position;
    if (__builtin_add_overflow((int64_t)base, offset, &position) || position < 0)
        return -EINVAL;
    if (file_is_terminal(file))
        return -ESPIPE;
    file->position = (uint64_t)position;
    return position;
}

int64_t call_lseek(struct thread *thread, const uint64_t *a)
{
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t result = file_seek(thread, file, (int64_t)a[1], (uint32_t)a[2]);
    file_put(thread, file);
    return result;
}
