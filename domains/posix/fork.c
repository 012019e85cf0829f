// SPDX-License-Identifier: MIT
// New threads, and new processes: copies of their parents, and the first one.
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "core.h"
#include "exec.h"
#include "manifest.h"
#include "processes.h"
#include "ring.h"

// linux/sched.h
#define CLONE_SIGNAL      0xFFu // the low byte: what the parent gets when the child ends
#define CLONE_MEMORY      0x100u
#define CLONE_DIRECTORY   0x200u
#define CLONE_FILES       0x400u
#define CLONE_HANDLERS    0x800u
#define CLONE_VFORK       0x4000u
#define CLONE_THREAD      0x10000u
#define CLONE_SEMAPHORES  0x40000u // System V's, which nobody has here
#define CLONE_SET_TP      0x80000u
#define CLONE_PARENT_SET  0x100000u
#define CLONE_CHILD_CLEAR 0x200000u
#define CLONE_DETACHED    0x400000u // means nothing any more
#define CLONE_CHILD_SET   0x1000000u
#define CLONE_ASKED       (CLONE_SET_TP | CLONE_PARENT_SET | CLONE_CHILD_CLEAR | CLONE_CHILD_SET)
#define CLONE_OF_THREADS                                                                           \
    (CLONE_MEMORY | CLONE_DIRECTORY | CLONE_FILES | CLONE_HANDLERS | CLONE_THREAD)
#define CLONE_WITH_THREADS (CLONE_SIGNAL | CLONE_SEMAPHORES | CLONE_DETACHED | CLONE_ASKED)
#define CLONE_WITH_FORK    (CLONE_SIGNAL | CLONE_MEMORY | CLONE_VFORK | CLONE_ASKED)

// What a child has from its parent, beside memory and files.
static int64_t process_inherit(struct process *child, struct thread *thread)
{
    const struct process *parent = thread->process;
    bool has_others = parent->thread_count > 1;
    if (has_others)
        mutex_lock(&process_lock);
    child->directory_path = strdup(parent->directory_path);
    child->directory = parent->directory;
    signals_inherit(&child->signals, &parent->signals);
    if (has_others)
        mutex_unlock(&process_lock);
    if (!child->directory_path)
        return -ENOMEM;
    child->umask = parent->umask;
    child->limits = parent->limits;
    child->threads->blocked = thread->blocked;
    memcpy(child->name, parent->name, sizeof child->name);
    memcpy(child->arguments, parent->arguments, parent->arguments_length);
    child->arguments_length = parent->arguments_length;
    return 0;
}

static void process_abandon(struct thread *thread, struct process *process)
{
    struct thread owner = *thread;
    owner.process = process; // whose descriptors are closed
    files_close_all(&owner, &process->files);
    memory_free(&process->memory);
    free(process->directory_path);
    mutex_lock(&process_lock);
    process_free(process);
    mutex_unlock(&process_lock);
}

static bool parent_is_ending(const struct process *parent)
{
    return parent->is_ending || parent->executing ||
           (parent->signals.pending & SIGNAL_BIT(SIGKILL));
}

// Makes the child known and lets it run. It may end before this returns.
static int64_t process_launch(struct process *process, struct process *parent,
                              const struct user_registers *registers)
{
    int64_t pid = process->pid;
    mutex_lock(&process_lock);
    if (parent && parent_is_ending(parent)) {
        mutex_unlock(&process_lock);
        return -EINTR; // who kills all must get the child, too
    }
    process->parent = parent;
    process->group = parent ? parent->group : process->pid;
    process->session = parent ? parent->session : process->pid;
    int64_t handle =
        core_user_start(process->memory.space, thread_cookie(process->threads), registers);
    if (handle >= 0) {
        process->threads->handle = (handle_t)handle;
        process->life = LIFE_ALIVE;
    }
    mutex_unlock(&process_lock);
    return handle < 0 ? handle : pid;
}

// The caller's registers become those of who is made (call_deliver has its own to restore), and
// clone(2) tells both of it. The numbers come first: they are there before anybody can look.
static void child_prepare(struct thread *thread, struct thread *child, handle_t space,
                          const uint64_t *a)
{
    struct user_registers *registers = thread->registers;
    registers->x[10] = 0;
    if (a[1])
        registers->x[2] = a[1];
    if (!(a[0] & CLONE_ASKED))
        return;
    if (a[0] & CLONE_SET_TP)
        registers->x[4] = a[3];
    if (a[0] & CLONE_CHILD_CLEAR)
        child->clear_tid = a[4];
    if (a[0] & CLONE_PARENT_SET)
        core_space_write(thread->process->memory.space, a[2], &child->tid, sizeof child->tid);
    if (a[0] & CLONE_CHILD_SET)
        core_space_write(space, a[4], &child->tid, sizeof child->tid);
}

// Everybody is the same user here: all processes count.
static bool processes_are_enough(const struct process *process)
{
    uint64_t limit = process->limits.of[LIMIT_PROCESSES].now, count = 0;
    if (limit >= PROCESSES_MAX)
        return false;
    mutex_lock(&process_lock);
    for (uint32_t i = 0; i < places_used; i++)
        count += processes[i].life != LIFE_FREE;
    mutex_unlock(&process_lock);
    return count >= limit;
}

static int64_t process_fork(struct thread *thread, const uint64_t *a)
{
    if (processes_are_enough(thread->process))
        return -EAGAIN;
    ring_quiesce(thread); // a device writes to pages that are about to be shared
    struct process *child = process_create();
    if (!child)
        return -EAGAIN;
    int64_t result = process_inherit(child, thread);
    if (result == 0)
        result = files_clone(&child->files, &thread->process->files);
    if (result == 0)
        result = memory_clone(child, thread->process);
    if (result == 0) {
        child_prepare(thread, child->threads, child->memory.space, a);
        result = process_launch(child, thread->process, thread->registers);
    }
    if (result < 0)
        process_abandon(thread, child);
    return result;
}

// ---- Threads ----

// Lets it run, unless all are to stop or to end: the call is made again after that.
static int64_t thread_launch(struct thread *thread, const struct user_registers *registers)
{
    struct process *process = thread->process;
    if (parent_is_ending(process) || process->life != LIFE_ALIVE)
        return -EINTR;
    int64_t handle = core_user_start(process->memory.space, thread_cookie(thread), registers);
    if (handle < 0)
        return handle;
    thread->handle = (handle_t)handle;
    return thread->tid;
}

static int64_t process_thread(struct thread *thread, const uint64_t *a)
{
    struct process *process = thread->process;
    struct thread *child;
    mutex_lock(&process_lock);
    int64_t result = thread_add(process, &child);
    if (result == 0) {
        child->blocked = thread->blocked;
        child_prepare(thread, child, process->memory.space, a);
        result = thread_launch(child, thread->registers);
        if (result < 0)
            thread_remove(child);
    }
    mutex_unlock(&process_lock);
    return result;
}

// Linux's clone as threads need it, and as fork and vfork use it: then the child always gets memory
// of its own.
int64_t call_clone(struct thread *thread, const uint64_t *a)
{
    uint64_t flags = a[0];
    if (!thread->registers)
        return CALL_DELIVERED;
    if ((flags & CLONE_OF_THREADS) == CLONE_OF_THREADS)
        return flags & ~(uint64_t)(CLONE_OF_THREADS | CLONE_WITH_THREADS)
                   ? -EINVAL
                   : process_thread(thread, a);
    if ((flags & ~(uint64_t)CLONE_WITH_FORK) || ((flags & CLONE_MEMORY) && !(flags & CLONE_VFORK)))
        return -EINVAL;
    return process_fork(thread, a);
}

// ---- Process 1 ----

static int64_t console_open(struct thread *thread)
{
    struct walk *walk;
    struct open_file *file;
    int64_t result = path_walk(thread, AT_CURRENT, "/dev/console", WALK_FOLLOW, &walk);
    if (result < 0)
        return result;
    result = file_open(thread, walk, OPEN_BOTH | OPEN_NO_TERMINAL, &file);
    free(walk);
    for (uint32_t i = 0; i < 3 && result >= 0; i++) {
        if (i)
            file->references++;
        result = descriptor_add(thread, file, 0, false);
    }
    return result;
}

static int64_t first_prepare(struct thread *thread, const char *path, const char *argument,
                             struct user_registers *registers)
{
    const char *const environment[] = {"HOME=/", "PATH=/bin", "TERM=vt100", root_word()};
    struct arguments arguments = {.count = argument ? 2 : 1, .environment_count = 4};
    static struct image image;
    int64_t result = arguments_add(&arguments, path);
    if (result == 0 && argument)
        result = arguments_add(&arguments, argument);
    for (int i = 0; i < 4 && result == 0; i++)
        result = arguments_add(&arguments, environment[i]);
    if (result == 0)
        result = image_load(thread, path, &arguments, &image);
    if (result == 0)
        image_adopt(thread, &image, &arguments, registers);
    arguments_free(&arguments);
    return result;
}

int64_t process_start_first(const char *path, const char *argument)
{
    static struct user_registers registers;
    struct process *process = process_create();
    if (!process)
        return -ENOMEM;
    process->umask = 022;
    limits_begin(&process->limits);
    process->directory_path = strdup("/");
    int64_t result = files_create(&process->files);
    if (result == 0)
        result = root_start(process->threads);
    if (result == 0)
        console_open(process->threads); // without one it runs silently
    if (result == 0)
        result = first_prepare(process->threads, path, argument, &registers);
    if (result < 0 && root_give_up(process->threads, result))
        result = first_prepare(process->threads, path, argument, &registers);
    process->directory = (struct place){MOUNT_ROOT, mounts[MOUNT_ROOT].root};
    if (result == 0)
        result = process_launch(process, NULL, &registers);
    return result;
}
