// SPDX-License-Identifier: MIT
// Opening files, and the calls that make, find and remove names.
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "calls.h"
#include "core.h"
#include "fs_client.h"
#include "processes.h"
#include "ticket.h"

#define UNLINK_DIRECTORY  0x200u
#define LINK_FOLLOW       0x400u
#define EMPTY_PATH        0x1000u
#define RENAME_NO_REPLACE 1u

static handle_t place_service(struct place place)
{
    return mounts[place.mount].service;
}

// Copies the walk's last component into the thread's lent buffer. Its length.
static uint32_t name_lend(struct thread *thread, const struct walk *walk)
{
    uint32_t length = (uint32_t)strlen(walk->last);
    memcpy((void *)thread->names, walk->last, length);
    return length;
}

// Makes what the walk did not find, and fills in what it then would have found.
static int64_t walk_create(struct thread *thread, struct walk *walk, uint32_t mode,
                           uint32_t target_length)
{
    uint32_t length = name_lend(thread, walk);
    if ((mode & FS_TYPE) != FS_SYMLINK)
        mode &= ~thread->process->umask;
    RpcResult made = fs_create(place_service(walk->parent), walk->parent.node, thread->names,
                               length, mode, target_length);
    if (made.status < 0)
        return fs_error(made.status);
    walk->found = (struct place){walk->parent.mount, made.value};
    walk->exists = true;
    return place_stat(thread, walk->found, &walk->stat);
}

// ---- open ----

static int64_t open_check(const struct walk *walk, uint32_t flags)
{
    uint32_t type = walk->stat.mode & FS_TYPE;
    bool writes = (flags & OPEN_ACCESS) != OPEN_READ;
    if (type == FS_SYMLINK)
        return flags & OPEN_PATH ? 0 : -ELOOP;
    if (type == FS_DIRECTORY && (writes || (flags & OPEN_CREATE)))
        return -EISDIR;
    if ((flags & OPEN_DIRECTORY) && type != FS_DIRECTORY)
        return -ENOTDIR;
    return 0;
}

// What /proc and devices keep apart for each open is made here.
static int64_t place_open(struct open_file *file, uint32_t flags)
{
    if (flags & OPEN_PATH)
        return 0;
    RpcResult opened;
    uint64_t ticket = ticket_take();
    do {
        opened = fs_open(place_service(file->place), file->place.node, flags, ticket);
    } while (opened.status == -EAGAIN);
    if (opened.status < 0)
        return fs_error(opened.status);
    file->file = opened.value;
    return 0;
}

int64_t file_open(struct thread *thread, struct walk *walk, uint32_t flags,
                  struct open_file **result)
{
    int64_t error = open_check(walk, flags);
    if (error < 0)
        return error;
    struct open_file *file = calloc(1, sizeof *file);
    if (!file)
        return -ENOMEM;
    file->references = 1;
    file->flags = flags & ~(OPEN_CREATE | OPEN_EXCLUSIVE | OPEN_TRUNCATE | OPEN_CLOSE_ON_EXEC);
    file->mode = walk->stat.mode;
    file->device = walk->stat.device;
    file->place = walk->found;
    if ((file->mode & FS_TYPE) == FS_DIRECTORY)
        file->path = strdup(walk->path);
    error = place_open(file, flags);
    if (error < 0) {
        free(file->path);
        free(file);
        return error;
    }
    mounts[file->place.mount].opens++;
    file_prepare(file);
    if (file_is_terminal(file) && (error = terminal_open(thread, file)) < 0) {
        file_put(thread, file);
        return error;
    }
    *result = file;
    return 0;
}

// The walk for open: made if it may be.
static int64_t open_walk(struct thread *thread, int32_t descriptor, uint64_t address,
                         uint32_t flags, uint32_t mode, struct walk **walk)
{
    bool follows = !(flags & OPEN_NO_FOLLOW) &&
                   (flags & (OPEN_CREATE | OPEN_EXCLUSIVE)) != (OPEN_CREATE | OPEN_EXCLUSIVE);
    uint32_t how = (follows ? WALK_FOLLOW : 0) | (flags & OPEN_CREATE ? WALK_PARENT : 0);
    int64_t error = path_walk_user(thread, descriptor, address, how, walk);
    if (error < 0)
        return error;
    if ((*walk)->exists)
        error = (flags & OPEN_CREATE) && (flags & OPEN_EXCLUSIVE) ? -EEXIST : 0;
    else if ((*walk)->must_be_directory)
        error = -EISDIR;
    else
        error = walk_create(thread, *walk, FS_FILE | (mode & 07777), 0);
    if (error < 0)
        free(*walk);
    return error;
}

int64_t call_openat(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    struct open_file *file;
    uint32_t flags = (uint32_t)a[2];
    int64_t error = open_walk(thread, (int32_t)a[0], a[1], flags, (uint32_t)a[3], &walk);
    if (error < 0)
        return error;
    error = file_open(thread, walk, flags, &file);
    free(walk);
    if (error < 0)
        return error;
    int64_t descriptor = descriptor_add(thread, file, 0, flags & OPEN_CLOSE_ON_EXEC);
    if (descriptor < 0)
        file_put(thread, file);
    return descriptor;
}

// ---- Names ----

// Walks to where a new name is to be. -EEXIST if there is something.
static int64_t new_walk(struct thread *thread, uint64_t descriptor, uint64_t address,
                        bool is_directory, struct walk **walk)
{
    int64_t error = path_walk_user(thread, (int32_t)descriptor, address, WALK_PARENT, walk);
    if (error < 0)
        return error;
    if ((*walk)->exists || (*walk)->last[0] == '\0')
        error = -EEXIST;
    else if ((*walk)->must_be_directory && !is_directory)
        error = -ENOENT;
    if (error < 0)
        free(*walk);
    return error;
}

int64_t call_mkdirat(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    int64_t error = new_walk(thread, a[0], a[1], true, &walk);
    if (error < 0)
        return error;
    error = walk_create(thread, walk, FS_DIRECTORY | (a[2] & 07777), 0);
    free(walk);
    return error;
}

int64_t call_mknodat(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    uint32_t mode = (uint32_t)a[2];
    if ((mode & FS_TYPE) == 0)
        mode |= FS_FILE;
    if ((mode & FS_TYPE) != FS_FILE)
        return -EPERM; // devices are in /dev, and pipes have no names
    int64_t error = new_walk(thread, a[0], a[1], false, &walk);
    if (error < 0)
        return error;
    error = walk_create(thread, walk, mode, 0);
    free(walk);
    return error;
}

int64_t call_symlinkat(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    int64_t error = new_walk(thread, a[1], a[2], false, &walk);
    if (error < 0)
        return error;
    char *target = (char *)thread->names + strlen(walk->last);
    int64_t length =
        core_space_read_string(thread->process->memory.space, target, a[0], FS_TARGET_MAX + 1);
    error = length;
    if (length == 0)
        error = -ENOENT;
    else if (length > 0)
        error = walk_create(thread, walk, FS_SYMLINK | 0777, (uint32_t)length);
    free(walk);
    return error < 0 ? error : 0;
}

int64_t call_unlinkat(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    bool is_directory = a[2] & UNLINK_DIRECTORY;
    int64_t error = path_walk_user(thread, (int32_t)a[0], a[1], 0, &walk);
    if (error < 0)
        return error;
    if (walk->last[0] == '\0')
        error = is_directory ? -EBUSY : -EISDIR;
    else if (walk->found.mount != walk->parent.mount)
        error = -EBUSY; // something is mounted there
    else
        error = fs_result(fs_remove(place_service(walk->parent), walk->parent.node, thread->names,
                                    name_lend(thread, walk), is_directory));
    free(walk);
    return error;
}

static int64_t place_rename(struct thread *thread, const struct walk *from, const struct walk *to)
{
    bool is_root = from->last[0] == '\0' || to->last[0] == '\0';
    bool is_mount = from->found.mount != from->parent.mount ||
                    (to->exists && to->found.mount != to->parent.mount);
    if (is_root || is_mount)
        return -EBUSY;
    if (from->parent.mount != to->parent.mount)
        return -EXDEV;
    if (to->must_be_directory && (from->stat.mode & FS_TYPE) != FS_DIRECTORY)
        return -ENOTDIR;
    uint32_t new_length = (uint32_t)strlen(to->last);
    memcpy((void *)thread->data, to->last, new_length);
    return fs_result(fs_rename(place_service(from->parent), from->parent.node, thread->names,
                               name_lend(thread, from), to->parent.node, thread->data, new_length));
}

int64_t call_renameat2(struct thread *thread, const uint64_t *a)
{
    struct walk *from, *to;
    if (a[4] & ~(uint64_t)RENAME_NO_REPLACE)
        return -EINVAL;
    int64_t error = path_walk_user(thread, (int32_t)a[0], a[1], 0, &from);
    if (error < 0)
        return error;
    error = path_walk_user(thread, (int32_t)a[2], a[3], WALK_PARENT, &to);
    if (error == 0) {
        bool kept = (a[4] & RENAME_NO_REPLACE) && to->exists;
        error = kept ? -EEXIST : place_rename(thread, from, to);
        free(to);
    }
    free(from);
    return error;
}

int64_t call_linkat(struct thread *thread, const uint64_t *a)
{
    struct walk *from, *to;
    uint32_t how = a[4] & LINK_FOLLOW ? WALK_FOLLOW : 0;
    int64_t error = path_walk_user(thread, (int32_t)a[0], a[1], how, &from);
    if (error < 0)
        return error;
    error = new_walk(thread, a[2], a[3], false, &to);
    if (error == 0) {
        error = -EXDEV;
        if (from->found.mount == to->parent.mount)
            error = fs_result(fs_link(place_service(from->found), from->found.node, to->parent.node,
                                      thread->names, name_lend(thread, to)));
        free(to);
    }
    free(from);
    return error;
}

int64_t call_readlinkat(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    if ((int64_t)a[3] <= 0)
        return -EINVAL;
    int64_t error = path_walk_user(thread, (int32_t)a[0], a[1], 0, &walk);
    if (error < 0)
        return error;
    uint32_t room = a[3] < FS_TARGET_MAX ? (uint32_t)a[3] : FS_TARGET_MAX;
    int64_t n =
        fs_result(fs_readlink(place_service(walk->found), walk->found.node, thread->names, room));
    free(walk);
    if (n > 0 && user_write(thread, a[2], (void *)thread->names, (uint64_t)n) < 0)
        return -EFAULT;
    return n;
}

// ---- The current directory ----

static int64_t directory_change(struct thread *thread, struct place place, const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    directory_set(thread, place, copy);
    return 0;
}

int64_t call_chdir(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    int64_t error = path_walk_user(thread, AT_CURRENT, a[0], WALK_FOLLOW, &walk);
    if (error < 0)
        return error;
    error = -ENOTDIR;
    if ((walk->stat.mode & FS_TYPE) == FS_DIRECTORY)
        error = directory_change(thread, walk->found, walk->path);
    free(walk);
    return error;
}

int64_t call_fchdir(struct thread *thread, const uint64_t *a)
{
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t error = -ENOTDIR;
    if (file->path)
        error = directory_change(thread, file->place, file->path);
    file_put(thread, file);
    return error;
}

int64_t call_getcwd(struct thread *thread, const uint64_t *a)
{
    char *path = malloc(PATH_SIZE);
    if (!path)
        return -ENOMEM;
    directory_read(thread, path);
    uint64_t size = strlen(path) + 1;
    int64_t result = size > a[1] ? -ERANGE : user_write(thread, a[0], path, size);
    free(path);
    return result < 0 ? result : (int64_t)size;
}

int64_t call_umask(struct thread *thread, const uint64_t *a)
{
    uint32_t old = thread->process->umask;
    thread->process->umask = (uint32_t)a[0] & 0777;
    return old;
}

int64_t call_getdents64(struct thread *thread, const uint64_t *a)
{
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t n = -ENOTDIR;
    if (file->path) {
        uint32_t room = a[2] < DATA_SIZE ? (uint32_t)a[2] : DATA_SIZE;
        n = fs_result(fs_readdir(place_service(file->place), file->place.node, file->position,
                                 thread->data, room));
    }
    if (n > 0) {
        // The position after the last record is where the next call goes on.
        const uint8_t *records = (const uint8_t *)thread->data;
        uint64_t next = file->position;
        for (int64_t at = 0; at + FS_ENTRY_NAME < n;) {
            const struct fs_entry *entry = (const struct fs_entry *)(records + at);
            next = entry->next;
            if (entry->length < FS_ENTRY_NAME)
                break;
            at += entry->length;
        }
        file->position = next;
        if (user_write(thread, a[1], records, (uint64_t)n) < 0)
            n = -EFAULT;
    }
    file_put(thread, file);
    return n;
}
