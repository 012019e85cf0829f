// SPDX-License-Identifier: MIT
// The limits of a process: reading and setting them. Who hands the thing out obeys them: file.c
// (descriptors), fork.c (processes), memory.c (addresses), exec.c (stack), transfer.c and stat.c
// (size of files).
#include "limits.h"

#include "calls.h"
#include "processes.h"

// Linux's numbers (asm-generic/resource.h).
#define NUMBERS     16u
#define NUMBER_CORE 4u
static const int8_t kept[NUMBERS] = {
    -1,
    LIMIT_FILE_SIZE,
    -1,
    LIMIT_STACK,
    -1,
    -1,
    LIMIT_PROCESSES,
    LIMIT_FILES,
    -1,
    LIMIT_ADDRESSES,
    -1,
    -1,
    -1,
    -1,
    -1,
    -1,
};

void limits_begin(struct limits *limits)
{
    for (uint32_t i = 0; i < LIMITS; i++)
        limits->of[i] = (struct limit){LIMIT_NONE, LIMIT_NONE};
    limits->of[LIMIT_STACK] = (struct limit){STACK_SIZE, STACK_SIZE};
    limits->of[LIMIT_PROCESSES] = (struct limit){PROCESSES_MAX, PROCESSES_MAX};
    limits->of[LIMIT_FILES] = (struct limit){DESCRIPTORS_MAX, DESCRIPTORS_MAX};
}

uint64_t limit_file_bytes(struct thread *thread, uint64_t position, uint64_t n)
{
    uint64_t limit = thread->process->limits.of[LIMIT_FILE_SIZE].now;
    if (n == 0 || (position < limit && n <= limit - position))
        return n;
    if (position < limit)
        return limit - position;
    mutex_lock(&process_lock);
    signal_send(thread->process, SIGXFSZ, (struct signal_origin){.code = ORIGIN_KERNEL});
    mutex_unlock(&process_lock);
    return 0;
}

// WHICH is one of Linux's numbers.
static struct limit limit_find(const struct process *process, uint64_t which)
{
    if (kept[which] >= 0)
        return process->limits.of[kept[which]];
    uint64_t only = which == NUMBER_CORE ? 0 : LIMIT_NONE;
    return (struct limit){only, only};
}

// A limit that nobody would obey can be set to what it is, and to nothing else.
static int64_t limit_set(struct thread *thread, uint64_t which, uint64_t address)
{
    struct limit wanted, old = limit_find(thread->process, which);
    if (user_read(thread, &wanted, address, sizeof wanted) < 0)
        return -EFAULT;
    if (wanted.now > wanted.most)
        return -EINVAL;
    if (wanted.most > old.most)
        return -EPERM;
    if (kept[which] < 0)
        return wanted.now == old.now && wanted.most == old.most ? 0 : -EINVAL;
    thread->process->limits.of[kept[which]] = wanted;
    return 0;
}

// Sets one from what is at NEW and tells at OLD what it was; 0 for either: not that.
static int64_t limit_exchange(struct thread *thread, uint64_t which, uint64_t new, uint64_t old)
{
    if (which >= NUMBERS)
        return -EINVAL;
    struct limit before = limit_find(thread->process, which);
    int64_t result = new ? limit_set(thread, which, new) : 0;
    return result < 0 || !old ? result : user_write(thread, old, &before, sizeof before);
}

int64_t call_getrlimit(struct thread *thread, const uint64_t *a)
{
    return a[1] ? limit_exchange(thread, a[0], 0, a[1]) : -EFAULT;
}

int64_t call_setrlimit(struct thread *thread, const uint64_t *a)
{
    return a[1] ? limit_exchange(thread, a[0], a[1], 0) : -EFAULT;
}

// Of the own process only.
int64_t call_prlimit64(struct thread *thread, const uint64_t *a)
{
    if (a[0] && (uint32_t)a[0] != thread->process->pid)
        return -EPERM;
    return limit_exchange(thread, a[1], a[2], a[3]);
}
