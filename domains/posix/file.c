// SPDX-License-Identifier: MIT
// Descriptor tables and what they refer to. files_lock covers the tables; a reference keeps an open
// file while a call uses it.
#include "files.h"

#include <stdlib.h>
#include <string.h>
#include "calls.h"
#include "core.h"
#include "fs_client.h"
#include "processes.h"
#include "ticket.h"

static struct mutex files_lock;

#define ROOM_FIRST 16u // entries; it grows with the numbers that are used

static __attribute__((noinline)) int64_t room_make(struct file_table *table, uint32_t room)
{
    struct descriptor *entries = calloc(room, sizeof *entries);
    if (!entries)
        return -ENOMEM;
    if (table->used)
        memcpy(entries, table->entries, table->used * sizeof *entries);
    free(table->entries);
    table->entries = entries;
    table->room = room;
    return 0;
}

uint32_t files_room(uint32_t number)
{
    uint32_t room = ROOM_FIRST;
    while (number >= room)
        room *= 2;
    return room;
}

int64_t files_create(struct file_table *table)
{
    *table = (struct file_table){0};
    return room_make(table, ROOM_FIRST);
}

int64_t files_clone(struct file_table *to, struct file_table *from)
{
    *to = (struct file_table){0};
    mutex_lock(&files_lock);
    int64_t result = room_make(to, from->room);
    if (result == 0) {
        to->used = from->used;
        memcpy(to->entries, from->entries, to->used * sizeof *to->entries);
        for (uint32_t i = 0; i < to->used; i++)
            if (to->entries[i].file)
                to->entries[i].file->references++;
    }
    mutex_unlock(&files_lock);
    return result;
}

int64_t descriptor_fill(struct file_table *table, uint32_t number, struct open_file *file,
                        bool close_on_exec)
{
    if (number >= table->room && room_make(table, files_room(number)) < 0)
        return -ENOMEM;
    table->entries[number] = (struct descriptor){file, close_on_exec};
    if (number >= table->used)
        table->used = number + 1;
    return 0;
}

// Empties a descriptor; returns the file it referred to, or NULL.
static struct open_file *descriptor_take(struct thread *thread, uint32_t descriptor)
{
    struct file_table *table = &thread->process->files;
    struct open_file *file = NULL;
    mutex_lock(&files_lock);
    if (descriptor < table->used) {
        file = table->entries[descriptor].file;
        table->entries[descriptor] = (struct descriptor){0};
    }
    mutex_unlock(&files_lock);
    return file;
}

int64_t descriptor_close_set(struct thread *thread, uint32_t number, bool close_on_exec)
{
    struct file_table *table = &thread->process->files;
    mutex_lock(&files_lock);
    bool is_open = number < table->used && table->entries[number].file;
    if (is_open)
        table->entries[number].close_on_exec = close_on_exec;
    mutex_unlock(&files_lock);
    return is_open ? 0 : -EBADF;
}

void files_close_all(struct thread *thread, struct file_table *table)
{
    if (!table->entries)
        return;
    for (uint32_t i = 0; i < table->used; i++)
        if (table->entries[i].file)
            file_put(thread, descriptor_take(thread, i));
    free(table->entries);
    *table = (struct file_table){0};
}

void files_close_on_exec(struct thread *thread, struct file_table *table)
{
    for (uint32_t i = 0; i < table->used; i++)
        if (table->entries[i].file && table->entries[i].close_on_exec)
            file_put(thread, descriptor_take(thread, i));
}

struct open_file *file_get(struct thread *thread, int32_t descriptor)
{
    const struct file_table *table = &thread->process->files;
    struct open_file *file = NULL;
    mutex_lock(&files_lock);
    if ((uint32_t)descriptor < table->used)
        file = table->entries[(uint32_t)descriptor].file;
    if (file)
        atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
    mutex_unlock(&files_lock);
    return file;
}

void file_put(struct thread *thread, struct open_file *file)
{
    (void)thread;
    if (!file || atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
        return;
    if (file->pipe)
        pipe_end_close(file);
    else if (!(file->flags & OPEN_PATH))
        fs_close(mounts[file->place.mount].service, file->file, ticket_take());
    if (!file->pipe)
        mounts[file->place.mount].opens--;
    free(file->path);
    free(file);
}

// Never more than DESCRIPTORS_MAX.
static int32_t descriptors_limit(const struct thread *thread)
{
    return (int32_t)thread->process->limits.of[LIMIT_FILES].now;
}

int64_t descriptor_add(struct thread *thread, struct open_file *file, int32_t lowest,
                       bool close_on_exec)
{
    struct file_table *table = &thread->process->files;
    int32_t limit = descriptors_limit(thread);
    int64_t result = -EMFILE;
    mutex_lock(&files_lock);
    for (int32_t i = lowest; i < limit && result < 0; i++) {
        if ((uint32_t)i < table->used && table->entries[i].file)
            continue;
        result = descriptor_fill(table, (uint32_t)i, file, close_on_exec);
        if (result < 0)
            break;
        result = i;
    }
    mutex_unlock(&files_lock);
    return result;
}

// Refers to a further reference of FILE from exactly that descriptor.
static int64_t descriptor_set(struct thread *thread, struct open_file *file, uint32_t descriptor,
                              bool close_on_exec)
{
    if (descriptor >= (uint32_t)descriptors_limit(thread))
        return -EBADF;
    mutex_lock(&files_lock);
    struct file_table *table = &thread->process->files;
    struct open_file *old = descriptor < table->used ? table->entries[descriptor].file : NULL;
    int64_t result = descriptor_fill(table, descriptor, file, close_on_exec);
    mutex_unlock(&files_lock);
    if (result < 0)
        return result;
    file_put(thread, old);
    return descriptor;
}

// ---- System calls ----

int64_t call_close(struct thread *thread, const uint64_t *a)
{
    struct open_file *file = descriptor_take(thread, (uint32_t)a[0]);
    if (!file)
        return -EBADF;
    file_put(thread, file);
    return 0;
}

static int64_t duplicate(struct thread *thread, uint64_t descriptor, int32_t lowest,
                         bool close_on_exec)
{
    if (lowest < 0 || lowest >= descriptors_limit(thread))
        return -EINVAL;
    struct open_file *file = file_get(thread, (int32_t)descriptor);
    if (!file)
        return -EBADF;
    int64_t result = descriptor_add(thread, file, lowest, close_on_exec);
    if (result < 0)
        file_put(thread, file);
    return result;
}

int64_t call_dup(struct thread *thread, const uint64_t *a)
{
    return duplicate(thread, a[0], 0, false);
}

int64_t call_dup3(struct thread *thread, const uint64_t *a)
{
    if ((uint32_t)a[0] == (uint32_t)a[1] || (a[2] & ~(uint64_t)OPEN_CLOSE_ON_EXEC))
        return -EINVAL;
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t result = descriptor_set(thread, file, (uint32_t)a[1], a[2] != 0);
    if (result < 0)
        file_put(thread, file);
    return result;
}

#define FCNTL_DUPLICATE       0
#define FCNTL_GET_CLOSE       1
#define FCNTL_SET_CLOSE       2
#define FCNTL_GET_FLAGS       3
#define FCNTL_SET_FLAGS       4
#define FCNTL_GET_LOCK        5
#define FCNTL_SET_LOCK        6
#define FCNTL_WAIT_LOCK       7
#define FCNTL_DUPLICATE_CLOSE 1030
#define FLAGS_CHANGEABLE      (OPEN_APPEND | OPEN_NONBLOCK | OPEN_DIRECT)
#define LOCK_NONE             2

// Locks on files always succeed: every process here trusts the others.
static int64_t lock_answer(struct thread *thread, uint64_t address)
{
    uint16_t none = LOCK_NONE;
    return user_write(thread, address, &none, sizeof none);
}

static int64_t descriptor_close_get(struct thread *thread, uint32_t number)
{
    const struct file_table *table = &thread->process->files;
    mutex_lock(&files_lock);
    bool is_open = number < table->used && table->entries[number].file;
    bool closes = is_open && table->entries[number].close_on_exec;
    mutex_unlock(&files_lock);
    return is_open ? closes : -EBADF;
}

static int64_t file_control(struct thread *thread, struct open_file *file, const uint64_t *a)
{
    switch (a[1]) {
    case FCNTL_GET_CLOSE:
        return descriptor_close_get(thread, (uint32_t)a[0]);
    case FCNTL_SET_CLOSE:
        return descriptor_close_set(thread, (uint32_t)a[0], a[2] & 1);
    case FCNTL_GET_FLAGS:
        return file->flags;
    case FCNTL_SET_FLAGS:
        file->flags = (file->flags & ~FLAGS_CHANGEABLE) | ((uint32_t)a[2] & FLAGS_CHANGEABLE);
        return 0;
    case FCNTL_GET_LOCK:
        return lock_answer(thread, a[2]);
    case FCNTL_SET_LOCK:
    case FCNTL_WAIT_LOCK:
        return 0;
    }
    return -EINVAL;
}

int64_t call_fcntl(struct thread *thread, const uint64_t *a)
{
    if (a[1] == FCNTL_DUPLICATE || a[1] == FCNTL_DUPLICATE_CLOSE)
        return duplicate(thread, a[0], (int32_t)a[2], a[1] == FCNTL_DUPLICATE_CLOSE);
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t result = file_control(thread, file, a);
    file_put(thread, file);
    return result;
}

int64_t call_flock(struct thread *thread, const uint64_t *a)
{
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    file_put(thread, file);
    return file ? 0 : -EBADF;
}
