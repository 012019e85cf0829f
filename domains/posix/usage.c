// SPDX-License-Identifier: MIT
// CPU time, and the calls that ask for it: times, getrusage.
#include "usage.h"

#include "calls.h"
#include "core.h"
#include "processes.h"

#define NS_PER_S    1000000000u
#define NS_PER_US   1000u
#define NS_PER_TICK 10000000u // of times()

// Whose usage, getrusage(2).
#define USAGE_SELF     0
#define USAGE_CHILDREN (-1)
#define USAGE_THREAD   1

static struct usage usage_of(RpcResult times)
{
    return times.status < 0 ? (struct usage){0}
                            : (struct usage){(uint64_t)times.status, times.value};
}

struct usage usage_of_end(void)
{
    return usage_of(core_user_exit());
}

struct usage thread_usage(const struct thread *thread)
{
    const struct usage none = {0};
    return thread->handle ? usage_of(core_user_time(thread->handle)) : none; // it has hardly begun
}

struct usage process_usage(const struct process *process)
{
    struct usage used = process->used;
    EACH_THREAD(process, each)
    usage_add(&used, thread_usage(each));
    return used;
}

struct usage usage_of_all(const struct thread *thread)
{
    mutex_lock(&process_lock);
    const struct usage used = process_usage(thread->process);
    mutex_unlock(&process_lock);
    return used;
}

static struct usage usage_of_children(const struct thread *thread)
{
    mutex_lock(&process_lock);
    const struct usage used = thread->process->used_by_children;
    mutex_unlock(&process_lock);
    return used;
}

int64_t call_times(struct thread *thread, const uint64_t *a)
{
    const struct usage own = usage_of_all(thread), children = usage_of_children(thread);
    const uint64_t times[] = {own.user / NS_PER_TICK, own.system / NS_PER_TICK,
                              children.user / NS_PER_TICK, children.system / NS_PER_TICK};
    if (a[0] && user_write(thread, a[0], times, sizeof times) < 0)
        return -EFAULT;
    return (int64_t)(core_time() / NS_PER_TICK);
}

int64_t usage_write(struct thread *thread, uint64_t address, struct usage usage)
{
    uint64_t record[18] = {usage.user / NS_PER_S, usage.user % NS_PER_S / NS_PER_US,
                           usage.system / NS_PER_S, usage.system % NS_PER_S / NS_PER_US};
    return user_write(thread, address, record, sizeof record);
}

int64_t call_getrusage(struct thread *thread, const uint64_t *a)
{
    switch ((int32_t)a[0]) {
    case USAGE_SELF:
        return usage_write(thread, a[1], usage_of_all(thread));
    case USAGE_CHILDREN:
        return usage_write(thread, a[1], usage_of_children(thread));
    case USAGE_THREAD:
        return usage_write(thread, a[1], thread_usage(thread));
    default:
        return -EINVAL;
    }
}
