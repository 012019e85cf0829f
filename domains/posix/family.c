// SPDX-License-Identifier: MIT
// Parents and children: exit, wait4, and who is who.
#include <string.h>

#include "calls.h"
#include "core.h"
#include "processes.h"

#define WAIT_NO_HANG   1u
#define WAIT_UNTRACED  2u
#define WAIT_CONTINUED 8u
#define WAIT_ANY       -1

// A thread. If all threads of a process end so, its status is what the first one said.
int64_t call_exit(struct thread *thread, const uint64_t *a)
{
    struct process *process = thread->process;
    mutex_lock(&process_lock);
    if (!process->is_ending && thread->tid == process->pid)
        process->status = STATUS_EXIT(a[0]);
    mutex_unlock(&process_lock);
    thread_end(thread);
    return CALL_ENDED;
}

int64_t call_exit_group(struct thread *thread, const uint64_t *a)
{
    process_exit(thread, STATUS_EXIT(a[0]));
    return CALL_ENDED;
}

static bool is_wanted(const struct process *child, const struct process *parent, int32_t pid)
{
    if (child->life == LIFE_FREE || child->parent != parent)
        return false;
    if (pid > 0)
        return child->pid == (uint32_t)pid;
    if (pid == WAIT_ANY)
        return true;
    return child->group == (pid == 0 ? parent->group : (uint32_t)-pid);
}

static bool has_news(const struct process *child, uint32_t options)
{
    if (child->life == LIFE_ZOMBIE)
        return true;
    if (!child->stop_news)
        return false;
    return options & (child->stop_news == STATUS_CONTINUED ? WAIT_CONTINUED : WAIT_UNTRACED);
}

// What wait4 tells of a child.
struct news {
    uint32_t status;
    struct usage used; // so far, children of its own included
};

// Looks once. The pid of a child with news, which is then told, 0 if there is none, or -ECHILD.
static int64_t child_take(struct process *parent, int32_t pid, uint32_t options, struct news *news)
{
    int64_t result = -ECHILD;
    mutex_lock(&process_lock);
    for (uint32_t i = 0; i < places_used && result <= 0; i++) {
        struct process *child = &processes[i];
        if (!is_wanted(child, parent, pid))
            continue;
        result = 0;
        if (!has_news(child, options))
            continue;
        result = child->pid;
        news->status = child->life == LIFE_ZOMBIE ? child->status : child->stop_news;
        news->used = process_usage(child);
        usage_add(&news->used, child->used_by_children);
        child->stop_news = 0;
        if (child->life == LIFE_ZOMBIE) {
            usage_add(&parent->used_by_children, news->used);
            process_free(child);
        }
    }
    mutex_unlock(&process_lock);
    return result;
}

static int64_t child_wait(struct thread *thread, int32_t pid, uint32_t options, struct news *news)
{
    struct process *process = thread->process;
    for (;;) {
        struct waiter waiter;
        uint64_t seen = sleep_prepare(thread);
        queue_join(&process->children_news, &waiter, thread);
        int64_t result = child_take(process, pid, options, news);
        int64_t slept = 0;
        if (result == 0 && !(options & WAIT_NO_HANG))
            slept = sleep_until(thread, seen, WAIT_FOREVER);
        queue_leave(&process->children_news, &waiter);
        if (slept < 0 && signal_is_pending(thread)) // of a child, which comes before its handler
            result = child_take(process, pid, options, news);
        if (result != 0 || (options & WAIT_NO_HANG))
            return result;
        if (slept < 0)
            return slept;
    }
}

int64_t call_wait4(struct thread *thread, const uint64_t *a)
{
    struct news news = {0};
    int64_t pid = child_wait(thread, (int32_t)a[0], (uint32_t)a[2], &news);
    if (pid <= 0)
        return pid;
    if (a[1] && user_write(thread, a[1], &news.status, sizeof news.status) < 0)
        return -EFAULT;
    if (a[3] && usage_write(thread, a[3], news.used) < 0)
        return -EFAULT;
    return pid;
}

int64_t call_getpid(struct thread *thread, const uint64_t *a)
{
    (void)a;
    return thread->process->pid;
}

int64_t call_gettid(struct thread *thread, const uint64_t *a)
{
    (void)a;
    return thread->tid;
}

int64_t call_getppid(struct thread *thread, const uint64_t *a)
{
    (void)a;
    mutex_lock(&process_lock);
    const struct process *parent = thread->process->parent;
    int64_t pid = parent ? parent->pid : 0;
    mutex_unlock(&process_lock);
    return pid;
}

// The process that a pid argument means (0: the caller); process_lock held.
static struct process *process_meant(struct thread *thread, uint64_t pid)
{
    struct process *process = (uint32_t)pid ? process_find((uint32_t)pid) : thread->process;
    return process && process->life != LIFE_ZOMBIE ? process : NULL;
}

int64_t call_getpgid(struct thread *thread, const uint64_t *a)
{
    mutex_lock(&process_lock);
    const struct process *process = process_meant(thread, a[0]);
    int64_t result = process ? (int64_t)process->group : -ESRCH;
    mutex_unlock(&process_lock);
    return result;
}

int64_t call_getsid(struct thread *thread, const uint64_t *a)
{
    mutex_lock(&process_lock);
    const struct process *process = process_meant(thread, a[0]);
    int64_t result = process ? (int64_t)process->session : -ESRCH;
    mutex_unlock(&process_lock);
    return result;
}

static bool group_exists(uint32_t group, uint32_t session)
{
    for (uint32_t i = 0; i < places_used; i++)
        if (processes[i].life != LIFE_FREE && processes[i].group == group &&
            processes[i].session == session)
            return true;
    return false;
}

// setpgid(2), its errors in its order.
static int64_t group_change(struct process *caller, struct process *process, uint32_t group)
{
    if (!process || (process != caller && process->parent != caller))
        return -ESRCH;
    if (process != caller && process->has_executed)
        return -EACCES;
    if (process->session != caller->session || process->session == process->pid)
        return -EPERM;
    if (group == 0)
        group = process->pid;
    if (group != process->pid && !group_exists(group, process->session))
        return -EPERM;
    process->group = group;
    return 0;
}

int64_t call_setpgid(struct thread *thread, const uint64_t *a)
{
    if ((int32_t)a[1] < 0)
        return -EINVAL;
    mutex_lock(&process_lock);
    int64_t result = group_change(thread->process, process_meant(thread, a[0]), (uint32_t)a[1]);
    mutex_unlock(&process_lock);
    return result;
}

int64_t call_setsid(struct thread *thread, const uint64_t *a)
{
    struct process *process = thread->process;
    int64_t result = -EPERM;
    (void)a;
    mutex_lock(&process_lock);
    bool leads = false;
    for (uint32_t i = 0; i < places_used; i++)
        leads |= processes[i].life != LIFE_FREE && processes[i].group == process->pid;
    if (!leads) {
        process->group = process->session = process->pid;
        result = process->pid;
    }
    mutex_unlock(&process_lock);
    return result;
}

// Everybody is root, and stays it.
#define CALL_OF_ROOT(name)                                                                         \
    int64_t call_##name(struct thread *thread, const uint64_t *a)                                  \
    {                                                                                              \
        (void)thread, (void)a;                                                                     \
        return 0;                                                                                  \
    }

CALL_OF_ROOT(getuid)
CALL_OF_ROOT(geteuid)
CALL_OF_ROOT(getgid)
CALL_OF_ROOT(getegid)
CALL_OF_ROOT(setuid)
CALL_OF_ROOT(setgid)
CALL_OF_ROOT(setreuid)
CALL_OF_ROOT(setregid)
CALL_OF_ROOT(setresuid)
CALL_OF_ROOT(setresgid)
CALL_OF_ROOT(getgroups)
CALL_OF_ROOT(setgroups)

int64_t call_getresuid(struct thread *thread, const uint64_t *a)
{
    uint32_t root = 0;
    for (int i = 0; i < 3; i++)
        if (user_write(thread, a[i], &root, sizeof root) < 0)
            return -EFAULT;
    return 0;
}

int64_t call_getresgid(struct thread *thread, const uint64_t *a)
{
    return call_getresuid(thread, a);
}
