// SPDX-License-Identifier: MIT
// What files are: stat and its relatives, and changing it.
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "core.h"
#include "fs_client.h"
#include "processes.h"

#define NO_FOLLOW  0x100u
#define EMPTY_PATH 0x1000u
#define NS_PER_S   1000000000u
#define TIME_NOW   0x3FFFFFFF
#define TIME_OMIT  0x3FFFFFFE

// struct stat of Linux on riscv64 (asm-generic/stat.h).
struct user_stat {
    uint64_t device, node;
    uint32_t mode, links, user, group;
    uint64_t number, unused_1;
    int64_t size;
    int32_t block_size, unused_2;
    int64_t blocks;
    int64_t accessed[2], modified[2], changed[2];
    uint32_t unused_3[2];
};

static void time_split(uint64_t ns, int64_t time[2])
{
    time[0] = (int64_t)(ns / NS_PER_S);
    time[1] = (int64_t)(ns % NS_PER_S);
}

static int64_t stat_write(struct thread *thread, uint64_t address, const struct fs_stat *stat,
                          uint32_t mount)
{
    struct user_stat out = {
        .device = mount + 1,
        .node = stat->node,
        .mode = stat->mode,
        .links = stat->links,
        .user = stat->user,
        .group = stat->group,
        .number = stat->device,
        .size = (int64_t)stat->size,
        .block_size = (int32_t)stat->block_size,
        .blocks = (int64_t)stat->blocks,
    };
    time_split(stat->accessed, out.accessed);
    time_split(stat->modified, out.modified);
    time_split(stat->changed, out.changed);
    return user_write(thread, address, &out, sizeof out);
}

static int64_t file_stat(struct thread *thread, const struct open_file *file, struct fs_stat *stat)
{
    if (!file->pipe)
        return place_stat(thread, file->place, stat);
    *stat = (struct fs_stat){.mode = FS_FIFO | 0600,
                             .links = 1,
                             .block_size = 4096,
                             .node = (uint64_t)(uintptr_t)file->pipe & 0xFFFFFFFF};
    return 0;
}

int64_t call_fstat(struct thread *thread, const uint64_t *a)
{
    struct fs_stat stat;
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t result = file_stat(thread, file, &stat);
    if (result == 0)
        result = stat_write(thread, a[1], &stat, file->place.mount);
    file_put(thread, file);
    return result;
}

static bool path_is_empty(struct thread *thread, uint64_t address)
{
    char first = 1;
    return user_read(thread, &first, address, 1) == 0 && first == '\0';
}

int64_t call_newfstatat(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    if ((a[3] & EMPTY_PATH) && path_is_empty(thread, a[1]))
        return call_fstat(thread, (const uint64_t[]){a[0], a[2]});
    uint32_t how = a[3] & NO_FOLLOW ? 0 : WALK_FOLLOW;
    int64_t result = path_walk_user(thread, (int32_t)a[0], a[1], how, &walk);
    if (result < 0)
        return result;
    result = stat_write(thread, a[2], &walk->stat, walk->found.mount);
    free(walk);
    return result;
}

#define ACCESS_EXECUTE 1u

int64_t call_faccessat(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    int64_t result = path_walk_user(thread, (int32_t)a[0], a[1], WALK_FOLLOW, &walk);
    if (result < 0)
        return result;
    // root may do everything but run what nobody may run, or write to what cannot be written
    uint32_t type = walk->stat.mode & FS_TYPE;
    if ((a[2] & ACCESS_EXECUTE) && type == FS_FILE && !(walk->stat.mode & 0111))
        result = -EACCES;
    free(walk);
    return result;
}

// ---- Changes ----

static int64_t attribute_set(struct place place, uint32_t attribute, uint64_t value)
{
    return fs_result(fs_set_attribute(mounts[place.mount].service, place.node, attribute, value));
}

// Sets an attribute of what DESCRIPTOR and PATH name; PATH 0 for the open file itself.
static int64_t attribute_set_path(struct thread *thread, uint64_t descriptor, uint64_t path,
                                  uint32_t how, uint32_t attribute, uint64_t value)
{
    struct walk *walk;
    if (path) {
        int64_t result = path_walk_user(thread, (int32_t)descriptor, path, how, &walk);
        if (result < 0)
            return result;
        result = attribute_set(walk->found, attribute, value);
        free(walk);
        return result;
    }
    struct open_file *file = file_get(thread, (int32_t)descriptor);
    if (!file)
        return -EBADF;
    int64_t result = file->pipe ? 0 : attribute_set(file->place, attribute, value);
    file_put(thread, file);
    return result;
}

int64_t call_fchmodat(struct thread *thread, const uint64_t *a)
{
    if (!a[1])
        return -EFAULT;
    return attribute_set_path(thread, a[0], a[1], WALK_FOLLOW, FS_ATTRIBUTE_MODE, a[2]);
}

int64_t call_fchmod(struct thread *thread, const uint64_t *a)
{
    return attribute_set_path(thread, a[0], 0, 0, FS_ATTRIBUTE_MODE, a[1]);
}

int64_t call_fchownat(struct thread *thread, const uint64_t *a)
{
    if (!a[1])
        return -EFAULT;
    uint32_t how = a[4] & NO_FOLLOW ? 0 : WALK_FOLLOW;
    return attribute_set_path(thread, a[0], a[1], how, FS_ATTRIBUTE_OWNER,
                              a[2] << 32 | (uint32_t)a[3]);
}

int64_t call_fchown(struct thread *thread, const uint64_t *a)
{
    return attribute_set_path(thread, a[0], 0, 0, FS_ATTRIBUTE_OWNER, a[1] << 32 | (uint32_t)a[2]);
}

int64_t call_utimensat(struct thread *thread, const uint64_t *a)
{
    static const uint32_t attributes[] = {FS_ATTRIBUTE_ACCESSED, FS_ATTRIBUTE_MODIFIED};
    int64_t times[2][2] = {{0, TIME_NOW}, {0, TIME_NOW}};
    uint32_t how = a[3] & NO_FOLLOW ? 0 : WALK_FOLLOW;
    if (a[2] && user_read(thread, times, a[2], sizeof times) < 0)
        return -EFAULT;
    for (int i = 0; i < 2; i++) {
        if (times[i][1] == TIME_OMIT)
            continue;
        uint64_t value = (uint64_t)times[i][0] * NS_PER_S + (uint64_t)times[i][1];
        if (times[i][1] == TIME_NOW)
            value = FS_TIME_NOW;
        int64_t result = attribute_set_path(thread, a[0], a[1], how, attributes[i], value);
        if (result < 0)
            return result;
    }
    return 0;
}

int64_t call_truncate(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    if ((int64_t)a[1] < 0)
        return -EINVAL;
    if (a[1] && limit_file_bytes(thread, a[1] - 1, 1) == 0)
        return -EFBIG;
    int64_t result = path_walk_user(thread, AT_CURRENT, a[0], WALK_FOLLOW, &walk);
    if (result < 0)
        return result;
    result = fs_result(fs_truncate(mounts[walk->found.mount].service, walk->found.node, a[1]));
    free(walk);
    return result;
}

int64_t call_ftruncate(struct thread *thread, const uint64_t *a)
{
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t result = -EINVAL;
    bool writes = (file->flags & OPEN_ACCESS) != OPEN_READ;
    if (a[1] && (int64_t)a[1] > 0 && limit_file_bytes(thread, a[1] - 1, 1) == 0)
        result = -EFBIG;
    else if (!file->pipe && writes && (int64_t)a[1] >= 0)
        result = fs_result(fs_truncate(mounts[file->place.mount].service, file->place.node, a[1]));
    file_put(thread, file);
    return result;
}

// ---- File systems as a whole ----

// struct statfs of Linux on 64-bit machines.
struct user_statfs {
    int64_t type, block_size;
    uint64_t blocks, free, available, files, files_free;
    int32_t id[2];
    int64_t name_length, fragment_size, flags, spare[4];
};

static int64_t space_write(struct thread *thread, uint64_t address)
{
    const struct fs_space *space = (const struct fs_space *)thread->data;
    struct user_statfs out = {
        .type = (int64_t)space->type,
        .block_size = (int64_t)space->block_size,
        .blocks = space->blocks,
        .free = space->free_blocks,
        .available = space->free_blocks,
        .files = space->files,
        .files_free = space->free_files,
        .name_length = FS_NAME_MAX,
        .fragment_size = (int64_t)space->block_size,
    };
    return user_write(thread, address, &out, sizeof out);
}

// Devices and /proc store nothing.
static const struct fs_space no_space = {.type = 0x01021994 /* tmpfs */, .block_size = PAGE_SIZE};

static int64_t statfs_write(struct thread *thread, uint64_t address, uint32_t mount)
{
    RpcResult told = fs_control(mounts[mount].service, FS_WHOLE, FS_CONTROL_SPACE, thread->data, 0);
    if (told.status == -ENOTTY)
        *(struct fs_space *)thread->data = no_space;
    else if (told.status != RPC_OK)
        return fs_error(told.status);
    return space_write(thread, address);
}

int64_t call_statfs(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    int64_t result = path_walk_user(thread, AT_CURRENT, a[0], WALK_FOLLOW, &walk);
    if (result < 0)
        return result;
    uint32_t mount = walk->found.mount;
    free(walk);
    return statfs_write(thread, a[1], mount);
}

int64_t call_fstatfs(struct thread *thread, const uint64_t *a)
{
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t result = statfs_write(thread, a[1], file->pipe ? 0 : file->place.mount);
    file_put(thread, file);
    return result;
}

int64_t call_sync(struct thread *thread, const uint64_t *a)
{
    (void)thread, (void)a;
    for (uint32_t i = 0; i < mount_count; i++)
        fs_sync(mounts[i].service, FS_WHOLE);
    return 0;
}

int64_t call_syncfs(struct thread *thread, const uint64_t *a)
{
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t result = file->pipe || (file->flags & OPEN_PATH) ? -EBADF : 0;
    if (result == 0)
        result = fs_result(fs_sync(mounts[file->place.mount].service, FS_WHOLE));
    file_put(thread, file);
    return result < 0 ? result : 0;
}

#define FLUSH_BUFFERS 0x1261u // BLKFLSBUF

int64_t call_fsync(struct thread *thread, const uint64_t *a)
{
    struct open_file *file = file_get(thread, (int32_t)a[0]);
    if (!file)
        return -EBADF;
    int64_t result = 0;
    if (file->pipe)
        result = -EINVAL;
    else if ((file->mode & FS_TYPE) == FS_BLOCK)
        result = fs_result(fs_control(mounts[file->place.mount].service, file->file, FLUSH_BUFFERS,
                                      thread->data, 0));
    else if ((file->mode & FS_TYPE) != FS_CHARACTER)
        result = fs_result(fs_sync(mounts[file->place.mount].service, file->file));
    file_put(thread, file);
    return result < 0 ? result : 0;
}
