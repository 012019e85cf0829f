// SPDX-License-Identifier: MIT
// Where / is: on the disk, if there is an ext2 file system with a system on it, else in memory. A
// disk is a stranger's until it has been looked at, so that is done without a write to it.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "fs_client.h"
#include "log.h"
#include "manifest.h"
#include "path.h"
#include "process_server.h"
#include "processes.h"

#define STORY_SIZE 160
#define WORD       "ROOT="

static bool on_disk;
static char word[STORY_SIZE] = WORD "in memory";
static char *const story = word + sizeof WORD - 1;

bool root_is_disk(void)
{
    return on_disk;
}

const char *root_word(void)
{
    return word;
}

__attribute__((format(printf, 1, 2))) static void story_tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(story, sizeof word - sizeof WORD, format, arguments);
    va_end(arguments);
    log_printf("/ is %s", story);
}

void root_restore(bool disk)
{
    struct mount *root = &mounts[MOUNT_ROOT];
    on_disk = disk;
    root->source = disk ? mounts[MOUNT_DISK].source : "ramfs";
    root->kind = disk ? mounts[MOUNT_DISK].kind : "ramfs";
    root->service = disk ? mounts[MOUNT_DISK].service : HANDLE_RAMFS;
}

// Follows DIRECTORY to NAME. A node or a negative errno.
static int64_t name_follow(struct thread *thread, int64_t directory, const char *name)
{
    uint32_t length = (uint32_t)strlen(name);
    if (directory < 0)
        return directory;
    memcpy((void *)thread->names, name, length);
    return fs_result(
        fs_lookup(mounts[MOUNT_DISK].service, (uint64_t)directory, thread->names, length));
}

// Is there a first program on the disk? 0 or a negative errno.
static int64_t disk_look(struct thread *thread)
{
    int64_t result = disk_control(thread, FS_CONTROL_MOUNT, FS_READ_ONLY);
    if (result < 0)
        return result;
    result = fs_result(fs_root(mounts[MOUNT_DISK].service));
    result = name_follow(thread, name_follow(thread, result, "bin"), "init");
    disk_control(thread, FS_CONTROL_UNMOUNT, 0);
    return result < 0 ? result : 0;
}

static void memory_choose(int64_t error)
{
    root_restore(false);
    mounts[MOUNT_ROOT].read_only = false;
    const char *why = error == -ENXIO    ? "there is no disk"
                      : error == -EINVAL ? "/dev/vda has no ext2 file system that can be read"
                      : error == -ENOENT || error == -ENOTDIR
                          ? "the files on /dev/vda are no system, /bin/init is not there"
                          : NULL;
    if (why)
        story_tell("in memory: %s", why);
    else
        story_tell("in memory: what is on /dev/vda cannot be used (error %d)", (int)-error);
}

static int64_t memory_start(struct thread *thread, int64_t error)
{
    memory_choose(error);
    return mounts_start(thread);
}

static int64_t disk_start(struct thread *thread)
{
    int64_t result = disk_control(thread, FS_CONTROL_MOUNT, 0);
    if (result < 0)
        return result;
    root_restore(true);
    mounts[MOUNT_ROOT].read_only = result & FS_READ_ONLY;
    story_tell("on /dev/vda%s",
               result & FS_READ_ONLY ? ", read-only: run e2fsck -fy on the disk" : "");
    return mounts_start(thread);
}

int64_t root_start(struct thread *thread)
{
    int64_t result = disk_look(thread);
    if (result < 0)
        return memory_start(thread, result);
    result = disk_start(thread);
    return result < 0 && root_give_up(thread, result) ? 0 : result;
}

bool root_give_up(struct thread *thread, int64_t error)
{
    if (!on_disk)
        return false;
    disk_control(thread, FS_CONTROL_UNMOUNT, 0);
    return memory_start(thread, error) == 0;
}
