// SPDX-License-Identifier: MIT
// Which file system is found where, and mounting the one on the disk.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "core.h"
#include "fs_client.h"
#include "log.h"
#include "manifest.h"
#include "path.h"
#include "process_server.h"
#include "processes.h"

static char disk_path[PATH_SIZE];  // where the disk's file system is or was
static _Atomic uint32_t disk_busy; // it is being mounted or unmounted

struct mount mounts[MOUNT_COUNT] = {
    [MOUNT_ROOT] = {.path = "/"}, // root.c says the rest
    [MOUNT_DEVICES] = {.source = "devfs", .path = "/dev", .kind = "devfs", .service = HANDLE_DEVFS},
    [MOUNT_PROCESSES] = {.source = "procfs",
                         .path = "/proc",
                         .kind = "procfs",
                         .service = HANDLE_PROCFS},
    [MOUNT_BOOT] = {.source = "initrd",
                    .path = "/boot",
                    .kind = "ramfs",
                    .service = HANDLE_RAMFS,
                    .read_only = true},
    [MOUNT_TEMPORARY] = {.source = "ramfs",
                         .path = "/tmp",
                         .kind = "ramfs",
                         .service = HANDLE_RAMFS},
    [MOUNT_DISK] = {.source = "/dev/vda", .path = disk_path, .kind = "ext2", .service = HANDLE_VFS},
};
const uint32_t mount_count = MOUNT_COUNT;

int64_t fs_error(int64_t status)
{
    if (status >= -4095)
        return status;
    if (status == RPC_TIMEOUT)
        return -ETIMEDOUT;
    if (status == RPC_NO_MEMORY)
        return -ENOMEM;
    return status == RPC_DEAD || status == RPC_NO_HANDLE ? -ENXIO : -EIO;
}

// The directory of that name in a root, made if it is not there.
static int64_t folder_find(struct thread *thread, handle_t service, uint64_t root, const char *name)
{
    uint32_t length = (uint32_t)strlen(name);
    memcpy((void *)thread->names, name, length);
    RpcResult found = fs_lookup(service, root, thread->names, length);
    if (found.status == -ENOENT)
        found = fs_create(service, root, thread->names, length, FS_DIRECTORY | 0755, 0);
    return fs_result(found);
}

// What is to be mounted: the whole of a service, or of the one in memory the folder of that name,
// which is there already where / is in memory, too (0).
static int64_t root_find(struct thread *thread, const struct mount *mount)
{
    int64_t root = fs_result(fs_root(mount->service));
    if (root <= 0 || mount->service != HANDLE_RAMFS)
        return root;
    return root_is_disk() ? folder_find(thread, HANDLE_RAMFS, (uint64_t)root, mount->path + 1) : 0;
}

static int64_t mount_start(struct thread *thread, struct mount *mount)
{
    int64_t root = root_find(thread, mount), covered = 0;
    if (root < 0)
        log_printf("nothing to mount on %s: service %s answers %lld", mount->path, mount->kind,
                   (long long)root);
    if (root > 0)
        covered = folder_find(thread, mounts[MOUNT_ROOT].service, mounts[MOUNT_ROOT].root,
                              mount->path + 1);
    if (covered < 0)
        return covered;
    mount->root = root > 0 ? (uint64_t)root : 0;
    mount->covered = (struct place){MOUNT_ROOT, (uint64_t)covered};
    return 0;
}

int64_t mounts_start(struct thread *thread)
{
    RpcResult root = fs_root(mounts[MOUNT_ROOT].service);
    if (root.status < 0) {
        log_printf("nothing to mount on /: service %s answers %lld", mounts[MOUNT_ROOT].kind,
                   (long long)root.status);
        return fs_error(root.status);
    }
    mounts[MOUNT_ROOT].root = root.value;
    int64_t result = 0;
    for (uint32_t i = MOUNT_ROOT + 1; i < MOUNT_DISK && result == 0; i++)
        result = mount_start(thread, &mounts[i]);
    return result;
}

struct place mount_enter(struct place place)
{
    for (uint32_t i = 1; i < mount_count; i++)
        if (mounts[i].root && mounts[i].covered.mount == place.mount &&
            mounts[i].covered.node == place.node)
            return (struct place){i, mounts[i].root};
    return place;
}

bool mount_named(struct place *place, const char *name)
{
    if (place->mount || place->node != mounts[0].root)
        return false;
    for (uint32_t i = 1; i < MOUNT_DISK; i++) {
        if (!mounts[i].root || strcmp(mounts[i].path + 1, name) != 0)
            continue;
        *place = (struct place){i, mounts[i].root};
        return true;
    }
    return false;
}

struct place mount_leave(struct place place)
{
    while (place.mount && place.node == mounts[place.mount].root)
        place = mounts[place.mount].covered;
    return place;
}

// ---- The disk ----

#define MOUNT_READ_ONLY 0x1u
#define UNMOUNT_FORCE   0x1u
#define MOUNT_REFUSED   0xC1030u // remount, bind, move and what says how mounts are shared
#define KIND_SIZE       16
#define DISK            FS_DEVICE(254, 0)

#ifndef ENOTBLK
#define ENOTBLK 15
#endif

int64_t disk_control(struct thread *thread, uint64_t request, uint64_t value)
{
    return fs_result(
        fs_control(mounts[MOUNT_DISK].service, FS_WHOLE, request, thread->data, value));
}

static int64_t source_check(struct thread *thread, uint64_t address)
{
    struct walk *walk;
    int64_t result = path_walk_user(thread, AT_CURRENT, address, WALK_FOLLOW, &walk);
    if (result < 0)
        return result;
    if ((walk->stat.mode & FS_TYPE) != FS_BLOCK)
        result = -ENOTBLK;
    else if (walk->stat.device != DISK)
        result = -ENODEV; // the file system's domain holds no other
    free(walk);
    return result;
}

static int64_t kind_check(struct thread *thread, uint64_t address)
{
    char kind[KIND_SIZE];
    if (!address)
        return 0;
    int64_t length =
        core_space_read_string(thread->process->memory.space, kind, address, KIND_SIZE);
    if (length < 0)
        return length == -ENAMETOOLONG ? -ENODEV : length;
    return strcmp(kind, mounts[MOUNT_DISK].kind) == 0 ? 0 : -ENODEV;
}

// Nothing is mounted on a root: what lies below could not be reached.
static int64_t target_check(const struct walk *walk)
{
    if ((walk->stat.mode & FS_TYPE) != FS_DIRECTORY)
        return -ENOTDIR;
    bool disk_is_used = mounts[MOUNT_DISK].root || root_is_disk();
    return walk->found.node == mounts[walk->found.mount].root || disk_is_used ? -EBUSY : 0;
}

static int64_t disk_mount(struct thread *thread, const struct walk *target, uint64_t flags)
{
    struct mount *mount = &mounts[MOUNT_DISK];
    int64_t result = target_check(target);
    if (result < 0)
        return result;
    result = disk_control(thread, FS_CONTROL_MOUNT, flags & MOUNT_READ_ONLY ? FS_READ_ONLY : 0);
    if (result < 0)
        return result;
    mount->read_only = result & FS_READ_ONLY;
    RpcResult root = fs_root(mount->service);
    if (root.status < 0) {
        disk_control(thread, FS_CONTROL_UNMOUNT, FS_FORCE);
        return fs_error(root.status);
    }
    strcpy(disk_path, target->path);
    mount->covered = target->found;
    mount->opens = 0;
    mount->root = root.value;
    return 0;
}

int64_t call_mount(struct thread *thread, const uint64_t *a)
{
    struct walk *target;
    if (a[3] & MOUNT_REFUSED)
        return -EINVAL;
    int64_t result = kind_check(thread, a[2]);
    if (result == 0)
        result = source_check(thread, a[0]);
    if (result == 0)
        result = path_walk_user(thread, AT_CURRENT, a[1], WALK_FOLLOW, &target);
    if (result < 0)
        return result;
    result = -EBUSY;
    if (!atomic_exchange(&disk_busy, 1)) {
        result = disk_mount(thread, target, a[3]);
        disk_busy = 0;
    }
    free(target);
    return result;
}

static bool is_disk_in_use(void)
{
    bool in_use = mounts[MOUNT_DISK].opens > 0;
    mutex_lock(&process_lock);
    for (uint32_t i = 0; i < places_used; i++)
        in_use |= processes[i].life != LIFE_FREE && processes[i].life != LIFE_ZOMBIE &&
                  processes[i].directory.mount == MOUNT_DISK;
    mutex_unlock(&process_lock);
    return in_use;
}

// Whoever is on the way in meanwhile finds nodes that are gone.
static int64_t disk_unmount(struct thread *thread, bool by_force)
{
    struct mount *mount = &mounts[MOUNT_DISK];
    if (!mount->root)
        return -EINVAL;
    if (is_disk_in_use())
        return -EBUSY;
    uint64_t root = mount->root;
    mount->root = 0;
    int64_t result = disk_control(thread, FS_CONTROL_UNMOUNT, by_force ? FS_FORCE : 0);
    if (result < 0 && fs_root(mount->service).status != -ENODEV)
        mount->root = root; // it is still there, and may be tried again
    return result;
}

// The root folder of a damaged disk may be gone, and no way leads there any more. Then its name
// does.
static bool is_disk_named(struct thread *thread, uint64_t address)
{
    char *path = malloc(PATH_SIZE);
    bool is_named =
        path &&
        core_space_read_string(thread->process->memory.space, path, address, PATH_SIZE) >= 0 &&
        strcmp(path, disk_path) == 0;
    free(path);
    return is_named;
}

int64_t call_umount2(struct thread *thread, const uint64_t *a)
{
    struct walk *target = NULL;
    if (a[1] & ~(uint64_t)UNMOUNT_FORCE)
        return -EINVAL; // such as: later, when nobody uses it
    int64_t result = path_walk_user(thread, AT_CURRENT, a[0], WALK_FOLLOW, &target);
    if (result < 0 && !is_disk_named(thread, a[0]))
        return result;
    const struct mount *mount = &mounts[MOUNT_DISK];
    bool is_disk =
        result < 0 || (target->found.mount == MOUNT_DISK && target->found.node == mount->root);
    if (result >= 0)
        free(target);
    result = is_disk ? -EBUSY : -EINVAL;
    if (is_disk && !atomic_exchange(&disk_busy, 1)) {
        result = disk_unmount(thread, a[1]);
        disk_busy = 0;
    }
    return result;
}

void mount_disk_restore(const char *path)
{
    size_t length = strlen(path), most = sizeof disk_path - 1;
    memcpy(disk_path, path, length < most ? length : most);
}

void mount_disk_release(struct thread *thread)
{
    mounts[MOUNT_DISK].root = 0;
    disk_control(thread, FS_CONTROL_UNMOUNT, FS_FORCE); // be it / or not
}

// /proc/mounts
RpcResult process_do_mounts(rref_t out, uint32_t room)
{
    uint32_t filled = 0;
    for (uint32_t i = 0; i < mount_count; i++) {
        const struct mount *mount = &mounts[i];
        char line[PATH_SIZE + 64];
        if (!mount->root)
            continue;
        int length = snprintf(line, sizeof line, "%s %s %s %s 0 0\n", mount->source, mount->path,
                              mount->kind, mount->read_only ? "ro" : "rw");
        if (length <= 0 || (uint32_t)length > room - filled)
            break;
        int64_t status = core_rref_write(out, filled, line, (uint64_t)length);
        if (status < 0)
            return rpc_error(status);
        filled += (uint32_t)length;
    }
    return rpc_ok(filled);
}
