// SPDX-License-Identifier: MIT
// The mounted file system: libext2fs's view of it, the lock that covers everything in this domain,
// and operations that change it as a whole or not at all.
#pragma once
#include <config.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include "cache.h"
#include "domain.h"
#include "fs.h"
#include "worker.h"

struct volume {
    ext2_filsys fs;            // NULL: to be opened, or broken
    ext2fs_block_bitmap taken; // in use, or freed by what is not on the device yet
    bool has_freed;            // there are such blocks
    enum block_class phase;    // what blocks are written now, where their place does not tell
    uint64_t dirty_since;      // 0: all is on the device
    uint64_t operations;       // begun that may change anything, and openings
    uint64_t clock;            // where no clock tells, seconds at boot: not before the last writing
};

extern struct volume volume;

// The errno for an error of the library.
int64_t volume_error(errcode_t error);

// Seconds since 1970: wall time, or where there is no clock, by what the disk knew when it was
// mounted and the time since boot.
uint32_t volume_now(void);

// ---- Mounting; these lock by themselves. 0 or a negative errno ----
int64_t volume_mount(bool read_only);
int64_t volume_unmount(bool by_force); // see FS_CONTROL_UNMOUNT
int64_t volume_sync(void);

// Locks, and sees that there is a file system. A negative errno with the lock free.
int64_t volume_enter(void);

// The same for methods that may not wait long: -EAGAIN after a second.
int64_t volume_enter_soon(void);

// Frees the lock. The result as the interface has it.
RpcResult volume_leave(int64_t result);

// Does CHANGE(ARGUMENTS) as one operation, locked: what it wrote counts if its result is not
// negative, else nothing of it does. It may be done again, so it must not keep anything.
RpcResult volume_change(int64_t (*change)(void *arguments), void *arguments);

// For the writer: writes back what has waited for its time. When to come again, or WAIT_FOREVER.
uint64_t volume_tend(const struct worker *writer);

// ---- writer.c: a thread of the domain's own ----
int64_t writer_start(void);
void writer_stop(void);
void writer_wake(void); // there is something to write from now on

// ---- channel.c ----
extern struct struct_io_manager channel_manager;

// The class of a block that is written now, by its place and by what is being done.
enum block_class channel_class(uint64_t block);

// ---- node.c: inodes by node number (the inode's, and above it its generation) ----
#define NODE_INODE(node) ((ext2_ino_t)(uint32_t)(node))

uint64_t node_number(ext2_ino_t number, const struct ext2_inode *inode);

// Reads the inode of a node. -ESTALE: it is another one by now.
int64_t node_read(uint64_t node, struct ext2_inode *inode);

// An inode that a directory names. -EIO if that cannot be.
int64_t node_named(ext2_ino_t number, struct ext2_inode *inode);
int64_t node_write(ext2_ino_t number, struct ext2_inode *inode);

static inline bool inode_is(const struct ext2_inode *inode, uint32_t type)
{
    return (inode->i_mode & FS_TYPE) == type;
}

// An inode that has lost a name: freed with its blocks once it has none and nobody has it open.
int64_t node_settle(ext2_ino_t number, struct ext2_inode *inode);

// Counts opens, in kept memory, each ticket once. -EMFILE.
int64_t opens_add(ext2_ino_t number, uint64_t ticket);
uint32_t opens_count(ext2_ino_t number);
void opens_remove(ext2_ino_t number, uint64_t ticket);

// Frees what is open and has no name, for an unmount. Within an operation.
int64_t opens_release(void);

// ---- directory.c ----
// Copies a name in, with a NUL. 0 or a negative errno.
int64_t name_fetch(rref_t buffer, uint32_t length, char name[FS_NAME_MAX + 1]);

// The inode of that name in a directory. -ENOENT.
int64_t directory_find(ext2_ino_t directory, const char *name, ext2_ino_t *number);

int64_t directory_is_empty(ext2_ino_t directory);
int64_t directory_add(ext2_ino_t directory, const char *name, ext2_ino_t number, uint32_t mode);
int64_t directory_remove(ext2_ino_t directory, const char *name, ext2_ino_t number);

// Checks a node for being a directory whose names can be changed.
int64_t directory_check(uint64_t node, struct ext2_inode *inode);

// Notes that the directory has changed, and LINKS more or fewer directories in it.
int64_t directory_touch(ext2_ino_t number, int links);
