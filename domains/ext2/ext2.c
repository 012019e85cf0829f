// SPDX-License-Identifier: MIT
// The fs interface on the mounted volume. A file number is the node's; bit 63 says that writes go
// to the end. Disk images come from anywhere: whatever libext2fs complains of becomes an errno, and
// what it runs after for ever, the budget of a call ends.
#include "content.h"
#include "fs_server.h"
#include "kept.h"

#define FILE_APPENDS ((uint64_t)1 << 63)
#define NS_PER_S     1000000000u
#define MODE_MASK    07777u

// ---- The whole ----

static RpcResult space_write(rref_t out)
{
    int64_t result = volume_enter();
    if (result < 0)
        return rpc_error(result);
    struct ext2_super_block *super = volume.fs->super;
    struct fs_space space = {
        .type = EXT2_SUPER_MAGIC,
        .block_size = volume.fs->blocksize,
        .blocks = ext2fs_blocks_count(super),
        .free_blocks = ext2fs_free_blocks_count(super),
        .files = super->s_inodes_count,
        .free_files = super->s_free_inodes_count,
    };
    return volume_leave(core_rref_write(out, 0, &space, sizeof space));
}

RpcResult fs_do_control(uint64_t file, uint64_t request, rref_t argument, uint64_t value)
{
    int64_t result = -ENOTTY;
    if (file != FS_WHOLE)
        return rpc_error(result);
    if (request == FS_CONTROL_SPACE)
        return space_write(argument);
    if (request == FS_CONTROL_MOUNT)
        result = volume_mount(value & FS_READ_ONLY);
    else if (request == FS_CONTROL_UNMOUNT)
        result = volume_unmount(value & FS_FORCE);
    return result < 0 ? rpc_error(result) : rpc_ok((uint64_t)result);
}

RpcResult fs_do_sync(uint64_t file)
{
    (void)file;
    int64_t result = volume_sync();
    return result < 0 ? rpc_error(result) : rpc_ok(0);
}

RpcResult fs_do_root(void)
{
    struct ext2_inode inode;
    int64_t result = volume_enter();
    if (result < 0)
        return rpc_error(result);
    result = node_named(EXT2_ROOT_INO, &inode);
    if (result == 0)
        result =
            inode_is(&inode, FS_DIRECTORY) ? (int64_t)node_number(EXT2_ROOT_INO, &inode) : -ENOTDIR;
    return volume_leave(result);
}

// ---- Nodes ----

static int64_t lookup(uint64_t dir, const char *name)
{
    struct ext2_inode inode;
    ext2_ino_t number;
    int64_t result = node_read(dir, &inode);
    if (result == 0 && !inode_is(&inode, FS_DIRECTORY))
        result = -ENOTDIR;
    if (result == 0)
        result = directory_find(NODE_INODE(dir), name, &number);
    if (result == 0)
        result = node_named(number, &inode);
    return result < 0 ? result : (int64_t)node_number(number, &inode);
}

RpcResult fs_do_lookup(uint64_t dir, rref_t name, uint32_t length)
{
    char text[FS_NAME_MAX + 1];
    int64_t result = name_fetch(name, length, text);
    if (result == 0)
        result = volume_enter_soon();
    return result < 0 ? rpc_error(result) : volume_leave(lookup(dir, text));
}

static int64_t stat_write(uint64_t node, rref_t out)
{
    struct ext2_inode inode;
    int64_t result = node_read(node, &inode);
    if (result < 0)
        return result;
    struct fs_stat stat = {
        .node = NODE_INODE(node),
        .size = EXT2_I_SIZE(&inode),
        .blocks = ext2fs_get_stat_i_blocks(volume.fs, &inode),
        .accessed = (uint64_t)inode.i_atime * NS_PER_S,
        .modified = (uint64_t)inode.i_mtime * NS_PER_S,
        .changed = (uint64_t)inode.i_ctime * NS_PER_S,
        .mode = inode.i_mode,
        .links = inode.i_links_count,
        .user = inode_uid(inode),
        .group = inode_gid(inode),
        .block_size = volume.fs->blocksize,
    };
    return core_rref_write(out, 0, &stat, sizeof stat);
}

RpcResult fs_do_stat(uint64_t node, rref_t out)
{
    int64_t result = volume_enter_soon();
    return result < 0 ? rpc_error(result) : volume_leave(stat_write(node, out));
}

// A short target lies in the inode, a longer one in a block.
static int64_t target_write(uint64_t node, rref_t out, uint32_t length)
{
    struct ext2_inode inode;
    int64_t result = node_read(node, &inode);
    if (result < 0)
        return result;
    if (!inode_is(&inode, FS_SYMLINK))
        return -EINVAL;
    uint64_t size = EXT2_I_SIZE(&inode);
    if (size > FS_TARGET_MAX)
        return -EIO;
    if (!ext2fs_is_fast_symlink(&inode))
        return content_read(NODE_INODE(node), &inode, 0, out, 0,
                            size < length ? (uint32_t)size : length);
    uint64_t n = size < length ? size : length;
    if (n > sizeof inode.i_block)
        return -EIO;
    result = core_rref_write(out, 0, inode.i_block, n);
    return result < 0 ? result : (int64_t)n;
}

RpcResult fs_do_readlink(uint64_t node, rref_t out, uint32_t length)
{
    int64_t result = volume_enter();
    return result < 0 ? rpc_error(result) : volume_leave(target_write(node, out, length));
}

struct attribute {
    uint64_t node, value;
    uint32_t which;
};

static uint32_t attribute_time(uint64_t value)
{
    return value == FS_TIME_NOW ? volume_now() : (uint32_t)(value / NS_PER_S);
}

static int64_t attribute_do(void *argument)
{
    const struct attribute *attribute = argument;
    struct ext2_inode inode;
    int64_t result = node_read(attribute->node, &inode);
    if (result < 0)
        return result;
    uint64_t value = attribute->value;
    switch (attribute->which) {
    case FS_ATTRIBUTE_MODE:
        inode.i_mode = (inode.i_mode & FS_TYPE) | (value & MODE_MASK);
        break;
    case FS_ATTRIBUTE_OWNER:
        inode.i_uid = (__u16)(value >> 32);
        ext2fs_set_i_uid_high(inode, (__u16)(value >> 48));
        inode.i_gid = (__u16)value;
        ext2fs_set_i_gid_high(inode, (__u16)(value >> 16));
        break;
    case FS_ATTRIBUTE_ACCESSED:
        inode.i_atime = attribute_time(value);
        break;
    case FS_ATTRIBUTE_MODIFIED:
        inode.i_mtime = attribute_time(value);
        break;
    default:
        return -EINVAL;
    }
    return node_write(NODE_INODE(attribute->node), &inode);
}

RpcResult fs_do_set_attribute(uint64_t node, uint32_t attribute, uint64_t value)
{
    struct attribute change = {node, value, attribute};
    return volume_change(attribute_do, &change);
}

struct resizing {
    uint64_t node, size;
};

static int64_t resize_do(void *argument)
{
    const struct resizing *resizing = argument;
    struct ext2_inode inode;
    int64_t result = node_read(resizing->node, &inode);
    if (result < 0)
        return result;
    if (!inode_is(&inode, FS_FILE))
        return inode_is(&inode, FS_DIRECTORY) ? -EISDIR : -EINVAL;
    if (resizing->size > content_size_max())
        return -EFBIG;
    return content_resize(NODE_INODE(resizing->node), resizing->size);
}

RpcResult fs_do_truncate(uint64_t node, uint64_t size)
{
    struct resizing resizing = {node, size};
    return volume_change(resize_do, &resizing);
}

// ---- Open files ----

static int64_t open_check(const struct ext2_inode *inode, uint32_t flags)
{
    bool writes = (flags & FS_OPEN_ACCESS) || (flags & FS_OPEN_TRUNCATE);
    if (inode_is(inode, FS_SYMLINK))
        return -ELOOP;
    if (inode_is(inode, FS_DIRECTORY))
        return writes ? -EISDIR : 0;
    if (flags & FS_OPEN_DIRECTORY)
        return -ENOTDIR;
    if (!inode_is(inode, FS_FILE))
        return -ENXIO; // devices are in /dev, pipes have no names
    return writes && kept->read_only ? -EROFS : 0;
}

static int64_t node_open(uint64_t node, uint32_t flags, uint64_t ticket)
{
    struct ext2_inode inode;
    int64_t result = node_read(node, &inode);
    if (result == 0)
        result = open_check(&inode, flags);
    if (result == 0)
        result = opens_add(NODE_INODE(node), ticket);
    return result;
}

RpcResult fs_do_open(uint64_t node, uint32_t flags, uint64_t ticket)
{
    int64_t result = volume_enter_soon();
    if (result < 0)
        return rpc_error(result);
    RpcResult opened = volume_leave(node_open(node, flags, ticket));
    if (opened.status < 0)
        return opened;
    if (flags & FS_OPEN_TRUNCATE) {
        RpcResult cut = fs_do_truncate(node, 0);
        if (cut.status < 0) {
            ticket_forget(&kept->tickets, ticket); // first: too many open is the lesser evil
            fs_do_close(node, TICKET_NONE);
            return cut;
        }
    }
    return rpc_ok(node | (flags & FS_OPEN_APPEND ? FILE_APPENDS : 0));
}

// A file without a name that nobody has open any more.
static int64_t orphan_do(void *argument)
{
    ext2_ino_t number = *(const ext2_ino_t *)argument;
    struct ext2_inode inode;
    int64_t result = node_named(number, &inode);
    if (result < 0 || inode.i_links_count || inode.i_dtime || opens_count(number))
        return result < 0 ? result : 0;
    return node_settle(number, &inode);
}

// One that is repeated may have been counted, and the file freed or not.
RpcResult fs_do_close(uint64_t file, uint64_t ticket)
{
    ext2_ino_t number = NODE_INODE(file);
    struct ext2_inode inode;
    int64_t result = volume_enter();
    if (result < 0)
        return rpc_error(result);
    if (!ticket_is_counted(&kept->tickets, ticket)) {
        if (!opens_count(number))
            return volume_leave(-EBADF);
        opens_remove(number, ticket);
    }
    bool is_orphan = !opens_count(number) && node_named(number, &inode) == 0 &&
                     !inode.i_links_count && !inode.i_dtime && !kept->read_only;
    volume_leave(0);
    return is_orphan ? volume_change(orphan_do, &number) : rpc_ok(0);
}

// The open regular file of that number.
static int64_t file_read_inode(uint64_t file, struct ext2_inode *inode)
{
    uint64_t node = file & ~FILE_APPENDS;
    if (!opens_count(NODE_INODE(node)))
        return -EBADF;
    int64_t result = node_read(node, inode);
    if (result < 0)
        return result;
    return inode_is(inode, FS_FILE) ? 0 : -EISDIR;
}

RpcResult fs_do_read(uint64_t file, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    struct ext2_inode inode;
    int64_t result = volume_enter();
    if (result < 0)
        return rpc_error(result);
    result = file_read_inode(file, &inode);
    if (result == 0)
        result = content_read(NODE_INODE(file), &inode, offset, buffer, start, length);
    return volume_leave(result);
}

struct writing {
    uint64_t file, offset;
    rref_t buffer;
    uint32_t start, length;
};

static int64_t write_do(void *argument)
{
    const struct writing *writing = argument;
    struct ext2_inode inode;
    int64_t result = file_read_inode(writing->file, &inode);
    if (result < 0)
        return result;
    uint64_t offset = writing->file & FILE_APPENDS ? EXT2_I_SIZE(&inode) : writing->offset;
    uint64_t room = content_size_max();
    if (offset >= room || writing->length > room - offset)
        return -EFBIG;
    return content_write(NODE_INODE(writing->file), &inode, offset, writing->buffer, writing->start,
                         writing->length);
}

// Where there is no room for all, as much as there is room for: half is tried, and half of that.
RpcResult fs_do_write(uint64_t file, uint64_t offset, rref_t buffer, uint32_t start,
                      uint32_t length)
{
    struct writing writing = {file, offset, buffer, start, length};
    if (length == 0)
        return rpc_ok(0);
    RpcResult result = volume_change(write_do, &writing);
    while (result.status == -ENOSPC && writing.length > 1) {
        writing.length /= 2;
        result = volume_change(write_do, &writing);
    }
    return result;
}
