// SPDX-License-Identifier: MIT
// New processes: copies of their parents, and the first one.
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "core.h"
#include "exec.h"
#include "manifest.h"
#include "processes.h"
#include "ring.h"

#define CLONE_SIGNAL      0xFFu // the low byte: what the parent gets when the child ends
#define CLONE_MEMORY      0x100u
#define CLONE_VFORK       0x4000u
#define CLONE_CHILD_CLEAR 0x200000u
#define CLONE_CHILD_SET   0x1000000u
#define CLONE_HARMLESS    (CLONE_SIGNAL | CLONE_VFORK | CLONE_CHILD_CLEAR | CLONE_CHILD_SET)

// What a child has from its parent, beside memory and files.
static int64_t process_inherit(struct process *child, const struct process *parent)
{
    child->directory_path = strdup(parent->directory_path);
    if (!child->directory_path)
        return -ENOMEM;
    child->directory = parent->directory;
    child->umask = parent->umask;
    signals_inherit(&child->signals, &parent->signals);
    child->thread->blocked = parent->thread->blocked;
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

// Makes the child known and lets it run. It may end before this returns.
static int64_t process_launch(struct process *process, struct process *parent,
                              const struct user_registers *registers)
{
    int64_t pid = process->pid;
    mutex_lock(&process_lock);
    if (parent && (parent->signals.pending & SIGNAL_BIT(SIGKILL))) {
        mutex_unlock(&process_lock);
        return -EINTR; // who kills all must get the child, too
    }
    process->parent = parent;
    process->group = parent ? parent->group : process->pid;
    process->session = parent ? parent->session : process->pid;
    int64_t handle =
        core_user_start(process->memory.space, thread_cookie(process->thread), registers);
    if (handle >= 0) {
        process->thread->handle = (handle_t)handle;
        process->life = LIFE_ALIVE;
    }
    mutex_unlock(&process_lock);
    return handle < 0 ? handle : pid;
}

static int64_t process_fork(struct thread *thread, uint64_t stack)
{
    struct user_registers registers;
    ring_quiesce(thread); // a device writes to pages that are about to be shared
    struct process *child = process_create();
    if (!child)
        return -EAGAIN;
    int64_t result = process_inherit(child, thread->process);
    if (result == 0)
        result = files_clone(&child->files, &thread->process->files);
    if (result == 0)
        result = memory_clone(&child->memory, &thread->process->memory);
    if (result == 0) {
        core_user_registers(&registers, 0);
        registers.x[10] = 0;
        if (stack)
            registers.x[2] = stack;
        result = process_launch(child, thread->process, &registers);
    }
    if (result < 0)
        process_abandon(thread, child);
    return result;
}

// Linux's clone as fork and vfork use it: the child always gets memory of its own.
int64_t call_clone(struct thread *thread, const uint64_t *a)
{
    uint64_t flags = a[0];
    if ((flags & CLONE_MEMORY) && !(flags & CLONE_VFORK))
        return -ENOSYS; // threads
    if (flags & ~(uint64_t)(CLONE_HARMLESS | CLONE_MEMORY))
        return -EINVAL;
    return process_fork(thread, a[1]);
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
    process->directory_path = strdup("/");
    int64_t result = files_create(&process->files);
    if (result == 0)
        result = root_start(process->thread);
    if (result == 0)
        console_open(process->thread); // without one it runs silently
    if (result == 0)
        result = first_prepare(process->thread, path, argument, &registers);
    if (result < 0 && root_give_up(process->thread, result))
        result = first_prepare(process->thread, path, argument, &registers);
    process->directory = (struct place){MOUNT_ROOT, mounts[MOUNT_ROOT].root};
    if (result == 0)
        result = process_launch(process, NULL, &registers);
    return result;
}
