// SPDX-License-Identifier: MIT
// The files in memory: the tree of the initrd, and whatever is written to it. It is all of / where
// there is no disk with a system on it, else /boot and /tmp. /boot is read-only, so that what the
// machine was started with stays there to restart from.
//
// Both versions are these sources; the second keeps the times of reading, and counts bytes.
//
// One lock covers the tree. It is held over copies into the caller's buffer but over no call to
// another domain. A file number is the node's number; bit 63 says that writes go to the end.
#include "node.h"

#include <string.h>
#include "arena.h"
#include "core.h"
#include "fs_server.h"
#include "kernel/abi/layout.h"
#include "log.h"
#include "manifest.h"
#include "mutex.h"
#include "state.h"
#include "wall.h"

#define FILE_APPENDS ((uint64_t)1 << 63)
#define BLOCK_SIZE   512u

#define FILE_SYSTEM_TYPE 0x858458F6u // Linux's number for ramfs

#define KIND STATE_KIND('r', 'm', 'f', 's')

static struct mutex tree_lock;
static uint64_t bytes_read; // since boot where an update has schema 2

// ---- Life cycle ----

static bool imported;
static int64_t initrd_length; // or a negative errno

static int64_t tree_build(uint64_t length)
{
    uint32_t made = 0;
    int64_t result = arena_create();
    if (result == 0)
        result = tree_start();
    if (result < 0)
        return result;
    if (length)
        result = tree_load((const void *)SLOT_INITRD, length, &made);
    log_printf("%u files of %llu KiB initrd", (unsigned)made, (unsigned long long)length / 1024);
    arena_root->complete = result >= 0;
    return result;
}

// Here, not in attach, for which callers wait at an update.
int64_t domain_init(void)
{
    initrd_length = core_initrd_map(HANDLE_INITRD);
    return 0;
}

static int64_t tree_find(void)
{
    int64_t length = initrd_length;
    if (length < 0)
        log_printf("no initrd (error %d): the root is empty, check QEMU's -initrd", (int)length);
    if (imported)
        return 0;
    if (arena_recover()) {
        if (tree_recover())
            return 0;
        log_printf("nothing can be made of the last instance's tree: back to the initrd's");
        arena_drop();
    }
    return tree_build(length < 0 ? 0 : (uint64_t)length);
}

int64_t domain_attach(void)
{
    wall_learn(HANDLE_RTC); // the tree that is made now has times
    int64_t result = tree_find();
    if (result == 0)
        wall_learn_kept(HANDLE_RTC, &arena_root->wall_boot);
    return result;
}

RpcResult domain_export(uint64_t schema)
{
    struct state_writer writer = {0};
    if (schema < 1 || schema > DOMAIN_SCHEMA)
        return rpc_error(-EINVAL);
    arena_export(&writer);
    if (schema >= 2)
        state_write_u64(&writer, bytes_read);
    return state_finish(&writer, KIND, schema);
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    struct state_reader reader;
    state_open(&reader, state, KIND, schema);
    arena_import(&reader);
    if (schema >= 2)
        bytes_read = state_read_u64(&reader);
    imported = true;
    return state_close(&reader);
}

int64_t domain_exit(void)
{
    if (DOMAIN_VERSION >= 2)
        log_printf("%llu bytes were read from files", (unsigned long long)bytes_read);
    return 0;
}

static RpcResult finish(int64_t result)
{
    mutex_unlock(&tree_lock);
    return result < 0 ? rpc_error(result) : rpc_ok((uint64_t)result);
}

// Locks the tree and finds a node, or answers NULL with the lock held.
static struct node *node_enter(uint64_t number)
{
    if (!wall_boot())
        wall_learn_kept(HANDLE_RTC, &arena_root->wall_boot);
    mutex_lock(&tree_lock);
    return node_find(number);
}

// Copies a name in. Returns 0 or a negative errno.
static int64_t name_fetch(rref_t buffer, uint32_t length, char name[FS_NAME_MAX])
{
    if (length == 0)
        return -ENOENT;
    if (length > FS_NAME_MAX)
        return -ENAMETOOLONG;
    int64_t result = core_rref_read(buffer, 0, name, length);
    if (result < 0)
        return result;
    bool plain = !memchr(name, '/', length) && !memchr(name, '\0', length);
    return plain ? 0 : -EINVAL;
}

// Why names in DIRECTORY cannot be changed, or 0.
static int64_t directory_check(const struct node *directory)
{
    if (!directory)
        return -ESTALE;
    if (!node_is(directory, FS_DIRECTORY))
        return -ENOTDIR;
    return directory->read_only ? -EROFS : 0;
}

// ---- Nodes ----

RpcResult fs_do_root(void)
{
    return rpc_ok(node_number(tree_root()));
}

RpcResult fs_do_lookup(uint64_t dir, rref_t name, uint32_t length)
{
    char text[FS_NAME_MAX];
    int64_t result = name_fetch(name, length, text);
    if (result < 0)
        return rpc_error(result);
    struct node *directory = node_enter(dir);
    if (!directory)
        return finish(-ESTALE);
    if (!node_is(directory, FS_DIRECTORY))
        return finish(-ENOTDIR);
    struct node *found = directory_find(directory, text, length);
    return finish(found ? (int64_t)node_number(found) : -ENOENT);
}

static uint64_t node_blocks(const struct node *node)
{
    if (!node_is(node, FS_FILE))
        return 0;
    return (node->content.held * CHUNK_SIZE + node->content.original_length + BLOCK_SIZE - 1) /
           BLOCK_SIZE;
}

RpcResult fs_do_stat(uint64_t number, rref_t out)
{
    struct node *node = node_enter(number);
    if (!node)
        return finish(-ESTALE);
    struct fs_stat stat = {
        .node = number,
        .size = node->size,
        .blocks = node_blocks(node),
        .accessed = node->accessed,
        .modified = node->modified,
        .changed = node->changed,
        .mode = node->mode & ~(node->read_only && !node_is(node, FS_SYMLINK) ? 0222u : 0u),
        .links = node->links,
        .user = node->user,
        .group = node->group,
        .block_size = CHUNK_SIZE,
    };
    return finish(core_rref_write(out, 0, &stat, sizeof stat));
}

RpcResult fs_do_readlink(uint64_t number, rref_t out, uint32_t length)
{
    struct node *node = node_enter(number);
    if (!node)
        return finish(-ESTALE);
    if (!node_is(node, FS_SYMLINK))
        return finish(-EINVAL);
    uint64_t n = node->size < length ? node->size : length;
    int64_t result = core_rref_write(out, 0, node->target, n);
    return finish(result < 0 ? result : (int64_t)n);
}

RpcResult fs_do_truncate(uint64_t number, uint64_t size)
{
    struct node *node = node_enter(number);
    if (!node)
        return finish(-ESTALE);
    if (!node_is(node, FS_FILE))
        return finish(node_is(node, FS_DIRECTORY) ? -EISDIR : -EINVAL);
    if (node->read_only)
        return finish(-EROFS);
    node->modified = node->changed = wall_time();
    return finish(content_resize(node, size));
}

RpcResult fs_do_set_attribute(uint64_t number, uint32_t attribute, uint64_t value)
{
    struct node *node = node_enter(number);
    if (!node)
        return finish(-ESTALE);
    if (node->read_only)
        return finish(-EROFS);
    switch (attribute) {
    case FS_ATTRIBUTE_MODE:
        node->mode = (node->mode & FS_TYPE) | (value & 07777);
        break;
    case FS_ATTRIBUTE_OWNER:
        node->user = (uint32_t)(value >> 32);
        node->group = (uint32_t)value;
        break;
    case FS_ATTRIBUTE_ACCESSED:
        node->accessed = value == FS_TIME_NOW ? wall_time() : value;
        break;
    case FS_ATTRIBUTE_MODIFIED:
        node->modified = value == FS_TIME_NOW ? wall_time() : value;
        break;
    default:
        return finish(-EINVAL);
    }
    node->changed = wall_time();
    return finish(0);
}

// ---- Open files ----

static int64_t open_check(const struct node *node, uint32_t flags)
{
    bool writes = (flags & FS_OPEN_ACCESS) || (flags & FS_OPEN_TRUNCATE);
    if (node_is(node, FS_SYMLINK))
        return -ELOOP;
    if (node_is(node, FS_DIRECTORY))
        return writes ? -EISDIR : 0;
    if (flags & FS_OPEN_DIRECTORY)
        return -ENOTDIR;
    return writes && node->read_only ? -EROFS : 0;
}

static void node_open(struct node *node, uint32_t flags, uint64_t ticket)
{
    if ((flags & FS_OPEN_TRUNCATE) && node_is(node, FS_FILE)) {
        node->modified = node->changed = wall_time();
        content_resize(node, 0);
    }
    __atomic_fetch_add(&node->opens, 1, __ATOMIC_SEQ_CST);
    ticket_count(&arena_root->tickets, ticket);
}

RpcResult fs_do_open(uint64_t number, uint32_t flags, uint64_t ticket)
{
    struct node *node = node_enter(number);
    if (!node)
        return finish(-ESTALE);
    int64_t result = open_check(node, flags);
    if (result < 0)
        return finish(result);
    if (!ticket_is_counted(&arena_root->tickets, ticket))
        node_open(node, flags, ticket);
    mutex_unlock(&tree_lock);
    return rpc_ok(number | (flags & FS_OPEN_APPEND ? FILE_APPENDS : 0));
}

RpcResult fs_do_close(uint64_t file, uint64_t ticket)
{
    struct node *node = node_enter(file & ~FILE_APPENDS);
    if (ticket_is_counted(&arena_root->tickets, ticket))
        return finish(0); // and settled by the recovery
    if (!node || node->opens == 0)
        return finish(-EBADF);
    ticket_count(&arena_root->tickets, ticket);
    __atomic_fetch_sub(&node->opens, 1, __ATOMIC_SEQ_CST);
    node_settle(node);
    return finish(0);
}

// The open regular file of that number; locks the tree like node_enter.
static struct node *file_enter(uint64_t file, int64_t *error)
{
    struct node *node = node_enter(file & ~FILE_APPENDS);
    *error = 0;
    if (!node || node->opens == 0)
        *error = -EBADF;
    else if (!node_is(node, FS_FILE))
        *error = -EISDIR;
    return node;
}

RpcResult fs_do_read(uint64_t file, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    int64_t error;
    struct node *node = file_enter(file, &error);
    if (error < 0)
        return finish(error);
    uint64_t done = 0, total = length;
    if (offset >= node->size)
        return finish(0);
    if (total > node->size - offset)
        total = node->size - offset;
    while (done < total) {
        uint64_t n = total - done;
        const uint8_t *run = content_run(node, offset + done, &n);
        error = run ? core_rref_write(buffer, start + done, run, n)
                    : core_rref_fill(buffer, start + done, 0, n);
        if (error < 0)
            return finish(done ? (int64_t)done : error);
        done += n;
    }
    bytes_read += done;
    if (DOMAIN_VERSION >= 2)
        node->accessed = wall_time();
    return finish((int64_t)done);
}

RpcResult fs_do_write(uint64_t file, uint64_t offset, rref_t buffer, uint32_t start,
                      uint32_t length)
{
    int64_t error;
    struct node *node = file_enter(file, &error);
    if (error == 0 && node->read_only)
        error = -EROFS;
    if (error < 0)
        return finish(error);
    if (file & FILE_APPENDS)
        offset = node->size;
    if (offset >= FILE_SIZE_MAX || length > FILE_SIZE_MAX - offset)
        return finish(-EFBIG);
    uint64_t done = 0;
    while (done < length && error == 0) {
        uint64_t n = length - done;
        uint8_t *run = content_writable(node, offset + done, &n);
        error = run ? core_rref_read(buffer, start + done, run, n) : -ENOSPC;
        if (error == 0)
            done += n;
    }
    if (done && offset + done > node->size)
        node->size = offset + done;
    node->modified = node->changed = wall_time();
    return finish(done || length == 0 ? (int64_t)done : error);
}

// Records are gathered so that a listing costs few copies, and written at most once.
#define LISTING_SIZE 2048u

RpcResult fs_do_readdir(uint64_t number, uint64_t position, rref_t buffer, uint32_t length)
{
    uint64_t records[LISTING_SIZE / 8], record[FS_ENTRY_LENGTH(FS_NAME_MAX) / 8];
    uint32_t filled = 0, room = length < LISTING_SIZE ? length : LISTING_SIZE;
    struct node *node = node_enter(number);
    if (!node)
        return finish(-ESTALE);
    if (!node_is(node, FS_DIRECTORY))
        return finish(-ENOTDIR);
    for (;;) {
        uint32_t size = directory_record(node, position, record);
        if (size == 0)
            break;
        if (size > room - filled) {
            if (filled == 0)
                return finish(-EINVAL);
            break;
        }
        memcpy((uint8_t *)records + filled, record, size);
        filled += size;
        position = ((struct fs_entry *)record)->next;
    }
    int64_t result = filled ? core_rref_write(buffer, 0, records, filled) : 0;
    return finish(result < 0 ? result : (int64_t)filled);
}

// ---- Names ----

// Makes a node of MODE; TARGET (TARGET_LENGTH bytes at that offset of the buffer) for a link.
static struct node *node_make(uint32_t mode, rref_t buffer, uint32_t offset, uint32_t target_length,
                              int64_t *error)
{
    struct node *node = node_create(mode & (FS_TYPE | 07777));
    *error = node ? 0 : -ENOSPC;
    if (!node || !node_is(node, FS_SYMLINK))
        return node;
    node->target = arena_alloc(target_length + 1);
    *error = node->target ? core_rref_read(buffer, offset, node->target, target_length) : -ENOSPC;
    node->size = target_length;
    if (*error < 0)
        node_settle(node);
    return node;
}

static int64_t create_check(uint32_t mode, uint32_t target_length)
{
    uint32_t type = mode & FS_TYPE;
    if (type == FS_SYMLINK)
        return target_length == 0 ? -ENOENT : target_length > FS_TARGET_MAX ? -ENAMETOOLONG : 0;
    return type == FS_FILE || type == FS_DIRECTORY ? 0 : -EPERM;
}

RpcResult fs_do_create(uint64_t dir, rref_t name, uint32_t length, uint32_t mode,
                       uint32_t target_length)
{
    char text[FS_NAME_MAX];
    int64_t result = name_fetch(name, length, text);
    if (result == 0)
        result = create_check(mode, target_length);
    if (result < 0)
        return rpc_error(result);
    struct node *directory = node_enter(dir);
    if ((result = directory_check(directory)) < 0) {
        bool exists = result == -EROFS && directory_find(directory, text, length);
        return finish(exists ? -EEXIST : result);
    }
    if (directory_find(directory, text, length))
        return finish(-EEXIST);
    struct node *node = node_make(mode, name, length, target_length, &result);
    if (result < 0)
        return finish(result);
    result = directory_add(directory, text, length, node);
    if (result < 0) {
        node_settle(node);
        return finish(result);
    }
    return finish((int64_t)node_number(node));
}

RpcResult fs_do_remove(uint64_t dir, rref_t name, uint32_t length, uint32_t directory)
{
    char text[FS_NAME_MAX];
    int64_t result = name_fetch(name, length, text);
    if (result < 0)
        return rpc_error(result);
    struct node *folder = node_enter(dir);
    result = directory_check(folder);
    return finish(result < 0 ? result : directory_remove(folder, text, length, directory != 0));
}

RpcResult fs_do_rename(uint64_t dir, rref_t name, uint32_t length, uint64_t new_dir,
                       rref_t new_name, uint32_t new_length)
{
    char text[FS_NAME_MAX], new_text[FS_NAME_MAX];
    int64_t result = name_fetch(name, length, text);
    if (result == 0)
        result = name_fetch(new_name, new_length, new_text);
    if (result < 0)
        return rpc_error(result);
    struct node *from = node_enter(dir), *to = node_find(new_dir);
    if ((result = directory_check(from)) < 0 || (result = directory_check(to)) < 0)
        return finish(result);
    return finish(directory_move(from, text, length, to, new_text, new_length));
}

RpcResult fs_do_link(uint64_t number, uint64_t dir, rref_t name, uint32_t length)
{
    char text[FS_NAME_MAX];
    int64_t result = name_fetch(name, length, text);
    if (result < 0)
        return rpc_error(result);
    struct node *node = node_enter(number), *directory = node_find(dir);
    if (!node)
        return finish(-ESTALE);
    if (node_is(node, FS_DIRECTORY))
        return finish(-EPERM);
    if ((result = directory_check(directory)) < 0)
        return finish(result);
    result = node->read_only ? -EROFS : directory_add(directory, text, length, node);
    if (result == 0)
        node->changed = wall_time();
    return finish(result);
}

// What a file can be made of: its table of chunks takes a part of the room, too.
static RpcResult space_write(rref_t out)
{
    uint64_t used;
    uint32_t most;
    mutex_lock(&tree_lock);
    uint64_t room = arena_room(&used);
    uint32_t nodes = nodes_count(&most);
    room -= room / (CHUNK_SIZE / sizeof(uint8_t *));
    struct fs_space space = {
        .type = FILE_SYSTEM_TYPE,
        .block_size = CHUNK_SIZE,
        .blocks = (used + room) / CHUNK_SIZE,
        .free_blocks = room / CHUNK_SIZE,
        .files = most,
        .free_files = most - nodes,
    };
    return finish(core_rref_write(out, 0, &space, sizeof space));
}

RpcResult fs_do_control(uint64_t file, uint64_t request, rref_t argument, uint64_t value)
{
    (void)value;
    if (file == FS_WHOLE && request == FS_CONTROL_SPACE)
        return space_write(argument);
    return rpc_error(-ENOTTY);
}
