// SPDX-License-Identifier: MIT
// Paths: from a string of the user to a node of a mounted file system. The walk asks the file
// systems for one component at a time, follows symbolic links and crosses mounts.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "fs.h"
#include "kernel/abi/rpc.h"

#define PATH_SIZE          4096 // with the closing NUL
#define LINKS_FOLLOWED_MAX 20

// A node in a mounted file system.
struct place {
    uint32_t mount;
    uint64_t node;
};

enum walk_flag {
    WALK_FOLLOW = 1, // a symbolic link at the end is followed
    WALK_PARENT = 2, // the last component need not exist: `parent` and `last` are what matters
};

// One walk and its result; large, so it is allocated.
struct walk {
    struct place parent;        // the directory that the last component lies in
    char last[FS_NAME_MAX + 1]; // empty: the path names a root, or ends in "." or ".."
    bool must_be_directory;     // the path ends in a slash
    bool exists;
    struct place found; // if it exists, and what it is:
    struct fs_stat stat;
    char path[PATH_SIZE]; // absolute, without links, of what was found
    // Used on the way.
    char rest[PATH_SIZE];
    uint32_t links;
};

struct thread;

// Walks PATH, which is relative to the open directory DESCRIPTOR (or AT_CURRENT) unless it begins
// with a slash. Returns 0 with *RESULT allocated, to be freed by the caller, or a negative errno.
// Without WALK_PARENT, a path that leads nowhere is -ENOENT.
#define AT_CURRENT (-100)
int64_t path_walk(struct thread *thread, int32_t descriptor, const char *path, uint32_t flags,
                  struct walk **result);

// The same for a path in user memory.
int64_t path_walk_user(struct thread *thread, int32_t descriptor, uint64_t address, uint32_t flags,
                       struct walk **result);

// What is at a place. 0 or a negative errno.
int64_t place_stat(struct thread *thread, struct place place, struct fs_stat *stat);

// ---- Mounts (mount.c) ----
struct mount {
    const char *source; // what is mounted, as /proc/mounts shows it
    const char *path;
    const char *kind;
    handle_t service;
    uint64_t root;          // 0: it is not mounted
    struct place covered;   // the directory that it hides
    _Atomic uint32_t opens; // open files
    bool read_only;
};

// Their places in the table. While / is on the disk, two folders of the memory's tree lie in it.
enum mount_place {
    MOUNT_ROOT,
    MOUNT_DEVICES,
    MOUNT_PROCESSES,
    MOUNT_BOOT,
    MOUNT_TEMPORARY,
    MOUNT_DISK, // the one that users mount, wherever they like
    MOUNT_COUNT
};

extern struct mount mounts[];
extern const uint32_t mount_count;

// Finds the roots. Makes the directories that mounts cover where they are missing. / is what
// mounts[MOUNT_ROOT] says. 0 or an errno.
int64_t mounts_start(struct thread *thread);

// A request for the disk's file system as a whole (enum fs_control). Its value or an errno.
int64_t disk_control(struct thread *thread, uint64_t request, uint64_t value);

// ---- Where / is (root.c) ----

// Puts / on the disk, if that holds a system (/bin/init), else in memory; mounts all. 0 or an
// errno.
int64_t root_start(struct thread *thread);

// Nothing can be started from /: if that is the disk, it is left, and all is mounted in memory.
// False: there is nothing else to try.
bool root_give_up(struct thread *thread, int64_t error);

// / is where the predecessor had it.
void root_restore(bool on_disk);
bool root_is_disk(void);

// "ROOT=..." for the environment of the first process, which says it on the console: where / is,
// and why.
const char *root_word(void);

// Puts the disk's file system where it was when its state was handed over.
void mount_disk_restore(const char *path);

// Powering off: the disk's file system is told to be complete, whoever still uses it.
void mount_disk_release(struct thread *thread);

// The root of what is mounted on PLACE, or PLACE itself.
struct place mount_enter(struct place place);

// If NAME in the directory *PLACE is where something is mounted: goes there, and asks nobody. So
// /proc can be reached while the root's file system is dead, and tell it to start again.
bool mount_named(struct place *place, const char *name);

// Out of the root of a mount, to the directory that it covers.
struct place mount_leave(struct place place);

// The status of a call to a file system as an errno: what a broken service means to a user.
int64_t fs_error(int64_t status);

// The value of a call, or its errno.
static inline int64_t fs_result(RpcResult result)
{
    return result.status < 0 ? fs_error(result.status) : (int64_t)result.value;
}
