// SPDX-License-Identifier: MIT
// ioctl: requests that concern processes are answered here, the others go to the device. What a
// request carries is known only for some; all get a buffer of the largest size that is usual.
#include <string.h>

#include "calls.h"
#include "core.h"
#include "fs_client.h"
#include "processes.h"

#define FIONREAD         0x541B
#define FIONBIO          0x5421
#define FIOCLEX          0x5451
#define FIONCLEX         0x5450
#define TCGETS           0x5401
#define TCSETS           0x5402
#define TCSETSW          0x5403
#define TCSETSF          0x5404
#define TIOCGWINSZ       0x5413
#define TIOCSWINSZ       0x5414
#define SIZE_OF(request) ((uint32_t)((request) >> 16 & 0x3FFF)) // asm-generic/ioctl.h
#define ARGUMENT_SIZE    256u
#define TERMIOS_SIZE     36u // 4 words, line discipline, 19 control characters
#define WINSIZE_SIZE     8u

struct request {
    uint64_t number;
    uint32_t in, out; // bytes that the argument points to
};

// Requests from the time when their number did not tell how much they carry.
static const struct request known[] = {
    {TCGETS, 0, TERMIOS_SIZE},
    {TCSETS, TERMIOS_SIZE, 0},
    {TCSETSW, TERMIOS_SIZE, 0},
    {TCSETSF, TERMIOS_SIZE, 0},
    {TIOCGWINSZ, 0, WINSIZE_SIZE},
    {TIOCSWINSZ, WINSIZE_SIZE, 0},
    {FIONREAD, 0, 4},
    {0x125E, 0, 4} /* BLKROGET */,
    {0x1268, 0, 4} /* BLKSSZGET */,
    {0x127B, 0, 4}, /* BLKPBSZGET */
};

#define DIRECTION_IN  1u
#define DIRECTION_OUT 2u

static struct request request_find(uint64_t number)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == number)
            return known[i];
    uint32_t direction = (uint32_t)(number >> 30 & 3), size = SIZE_OF(number);
    if (number == 0x80081272 || number == 0x80081270)
        size = 8;
    return (struct request){number, direction & DIRECTION_IN ? size : 0,
                            direction & DIRECTION_OUT ? size : 0};
}

static int64_t device_control(struct thread *thread, struct open_file *file, uint64_t number,
                              uint64_t value)
{
    struct request request = request_find(number);
    if (request.in > ARGUMENT_SIZE || request.out > ARGUMENT_SIZE)
        return -EINVAL;
    memset((void *)thread->data, 0, ARGUMENT_SIZE);
    if (request.in && user_read(thread, (void *)thread->data, value, request.in) < 0)
        return -EFAULT;
    int64_t result = fs_result(
        fs_control(mounts[file->place.mount].service, file->file, number, thread->data, value));
    if (result >= 0 && request.out &&
        user_write(thread, value, (void *)thread->data, request.out) < 0)
        return -EFAULT;
    return result;
}

static int64_t filled_tell(struct thread *thread, struct open_file *file, uint64_t address)
{
    uint32_t filled = (uint32_t)pipe_filled(file);
    return user_write(thread, address, &filled, sizeof filled);
}

static int64_t file_control(struct thread *thread, struct open_file *file, const uint64_t *a)
{
    uint64_t number = (uint32_t)a[1];
    if (number == FIONBIO) {
        uint32_t on;
        if (user_read(thread, &on, a[2], sizeof on) < 0)
            return -EFAULT;
        file->flags = on ? file->flags | OPEN_NONBLOCK : file->flags & ~OPEN_NONBLOCK;
        return 0;
    }
    if (number == FIOCLEX || number == FIONCLEX)
        return descriptor_close_set(thread, (uint32_t)a[0], number == FIOCLEX);
    if (file->pipe)
        return number == FIONREAD ? filled_tell(thread, file, a[2]) : -ENOTTY;
    if (file->path || (file->flags & OPEN_PATH))
        return -ENOTTY;
    if (!file_is_terminal(file))
        return device_control(thread, file, number, a[2]);
    int64_t result = terminal_job_control(thread, number, a[2]);
    if (result != -ENOSYS)
        return result;
    bool changes = number == TCSETS || number == TCSETSW || number == TCSETSF;
    if (changes && (result = terminal_check(thread, SIGTTOU)) == -EINTR)
        return result;
    return device_control(thread, file, number, a[2]);
}

int64_t call_ioctl(struct thread *thread, const uint64_t *a)
{
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t result = file_control(thread, file, a);
    file_put(thread, file);
    return result;
}
