// SPDX-License-Identifier: MIT
// The methods that make, move and take away names.
#include "fs_server.h"
#include "index.h"
#include "rename.h"

#define MODE_MASK 07777u
#define LINKS_MAX 32000u // of one inode, as Linux has it

struct creation {
    uint64_t dir;
    uint32_t mode;
    char name[FS_NAME_MAX + 1];
    char target[FS_TARGET_MAX + 1];
};

static int64_t file_make(const struct creation *creation, ext2_ino_t *number)
{
    ext2_ino_t directory = NODE_INODE(creation->dir);
    struct ext2_inode inode = {.i_mode = (__u16)(FS_FILE | (creation->mode & MODE_MASK)),
                               .i_links_count = 1};
    errcode_t error = ext2fs_new_inode(volume.fs, directory, inode.i_mode, NULL, number);
    if (error)
        return volume_error(error);
    ext2fs_inode_alloc_stats2(volume.fs, *number, +1, 0);
    error = ext2fs_write_new_inode(volume.fs, *number, &inode);
    return error ? volume_error(error)
                 : directory_add(directory, creation->name, *number, inode.i_mode);
}

// The library makes a directory or a link, with its name; where the name has no room in the
// directory, that grows first.
static int64_t other_make(const struct creation *creation, ext2_ino_t *number)
{
    ext2_ino_t directory = NODE_INODE(creation->dir);
    bool is_link = (creation->mode & FS_TYPE) == FS_SYMLINK;
    volume.phase = is_link ? CLASS_CONTENT : CLASS_DIRECTORY;
    errcode_t error = ext2fs_new_inode(volume.fs, directory, (int)creation->mode, NULL, number);
    if (error)
        return volume_error(error);
    if (!is_link) {
        error = ext2fs_mkdir(volume.fs, directory, *number, NULL);
        return error ? volume_error(error)
                     : directory_add(directory, creation->name, *number, FS_DIRECTORY);
    }
    error = ext2fs_symlink(volume.fs, directory, *number, NULL, creation->target);
    if (error == EXT2_ET_INVALID_ARGUMENT)
        return -ENAMETOOLONG;
    return error ? volume_error(error)
                 : directory_add(directory, creation->name, *number, FS_SYMLINK);
}

// The permissions, and a generation, by which the node is told from earlier ones of that inode.
static int64_t new_settle(const struct creation *creation, ext2_ino_t number,
                          struct ext2_inode *inode)
{
    errcode_t error = ext2fs_read_inode(volume.fs, number, inode);
    if (error)
        return volume_error(error);
    index_drop(number); // of a directory that was this inode
    uint64_t mixed = core_time() * 0x9E3779B97F4A7C15u;
    inode->i_generation = (__u32)(mixed >> 32);
    inode->i_mode = (__u16)((inode->i_mode & FS_TYPE) | (creation->mode & MODE_MASK));
    inode->i_atime = inode->i_mtime = volume_now();
    return node_write(number, inode);
}

static int64_t create_do(void *argument)
{
    const struct creation *creation = argument;
    struct ext2_inode directory, inode;
    ext2_ino_t number;
    int64_t result = directory_check(creation->dir, &directory);
    if (result < 0)
        return result;
    result = directory_find(NODE_INODE(creation->dir), creation->name, &number);
    if (result != -ENOENT)
        return result == 0 ? -EEXIST : result;
    bool is_directory = (creation->mode & FS_TYPE) == FS_DIRECTORY;
    if (is_directory && directory.i_links_count >= LINKS_MAX)
        return -EMLINK;
    result = (creation->mode & FS_TYPE) == FS_FILE ? file_make(creation, &number)
                                                   : other_make(creation, &number);
    if (result == 0)
        result = new_settle(creation, number, &inode);
    if (result == 0)
        result = directory_touch(NODE_INODE(creation->dir), 0);
    return result < 0 ? result : (int64_t)node_number(number, &inode);
}

static int64_t creation_check(uint32_t mode, uint32_t target_length)
{
    uint32_t type = mode & FS_TYPE;
    if (type == FS_SYMLINK)
        return target_length == 0 ? -ENOENT : target_length > FS_TARGET_MAX ? -ENAMETOOLONG : 0;
    return type == FS_FILE || type == FS_DIRECTORY ? 0 : -EPERM;
}

RpcResult fs_do_create(uint64_t dir, rref_t name, uint32_t length, uint32_t mode,
                       uint32_t target_length)
{
    struct creation creation = {.dir = dir, .mode = mode};
    int64_t result = name_fetch(name, length, creation.name);
    if (result == 0)
        result = creation_check(mode, target_length);
    if (result == 0 && (mode & FS_TYPE) == FS_SYMLINK)
        result = core_rref_read(name, length, creation.target, target_length);
    if (result < 0)
        return rpc_error(result);
    return volume_change(create_do, &creation);
}

struct removal {
    uint64_t dir;
    bool is_directory;
    char name[FS_NAME_MAX + 1];
};

static int64_t removal_check(const struct removal *removal, ext2_ino_t number,
                             const struct ext2_inode *inode)
{
    if (!removal->is_directory)
        return inode_is(inode, FS_DIRECTORY) ? -EISDIR : 0;
    if (!inode_is(inode, FS_DIRECTORY))
        return -ENOTDIR;
    if (strcmp(removal->name, ".") == 0)
        return -EINVAL;
    if (strcmp(removal->name, "..") == 0)
        return -ENOTEMPTY;
    return directory_is_empty(number);
}

static int64_t remove_do(void *argument)
{
    const struct removal *removal = argument;
    struct ext2_inode directory, inode;
    ext2_ino_t number;
    int64_t result = directory_check(removal->dir, &directory);
    if (result == 0)
        result = directory_find(NODE_INODE(removal->dir), removal->name, &number);
    if (result == 0)
        result = node_named(number, &inode);
    if (result == 0)
        result = removal_check(removal, number, &inode);
    if (result < 0)
        return result;
    if (removal->is_directory)
        cache_move_first();
    else if (inode.i_links_count > 1)
        volume.phase = CLASS_MOVED_FROM; // its other name may not be on the device yet
    result = directory_remove(NODE_INODE(removal->dir), removal->name, number);
    volume.phase = CLASS_MAP;
    if (result == 0)
        result = directory_touch(NODE_INODE(removal->dir), removal->is_directory ? -1 : 0);
    if (result < 0)
        return result;
    inode.i_links_count =
        removal->is_directory || !inode.i_links_count ? 0 : (__u16)(inode.i_links_count - 1);
    return node_settle(number, &inode);
}

RpcResult fs_do_remove(uint64_t dir, rref_t name, uint32_t length, uint32_t directory)
{
    struct removal removal = {.dir = dir, .is_directory = directory != 0};
    int64_t result = name_fetch(name, length, removal.name);
    return result < 0 ? rpc_error(result) : volume_change(remove_do, &removal);
}

RpcResult fs_do_rename(uint64_t dir, rref_t name, uint32_t length, uint64_t new_dir,
                       rref_t new_name, uint32_t new_length)
{
    struct rename rename = {.from = dir, .to = new_dir};
    int64_t result = name_fetch(name, length, rename.name);
    if (result == 0)
        result = name_fetch(new_name, new_length, rename.new_name);
    return result < 0 ? rpc_error(result) : volume_change(rename_do, &rename);
}

struct linking {
    uint64_t node, dir;
    char name[FS_NAME_MAX + 1];
};

static int64_t link_do(void *argument)
{
    const struct linking *linking = argument;
    struct ext2_inode directory, inode;
    ext2_ino_t number;
    int64_t result = node_read(linking->node, &inode);
    if (result == 0 && inode_is(&inode, FS_DIRECTORY))
        result = -EPERM;
    if (result == 0 && inode.i_links_count >= LINKS_MAX)
        result = -EMLINK;
    if (result == 0)
        result = directory_check(linking->dir, &directory);
    if (result < 0)
        return result;
    result = directory_find(NODE_INODE(linking->dir), linking->name, &number);
    if (result != -ENOENT)
        return result == 0 ? -EEXIST : result;
    number = NODE_INODE(linking->node);
    cache_move();
    result = directory_add(NODE_INODE(linking->dir), linking->name, number, inode.i_mode);
    if (result == 0)
        result = directory_touch(NODE_INODE(linking->dir), 0);
    inode.i_links_count++;
    return result < 0 ? result : node_write(number, &inode);
}

RpcResult fs_do_link(uint64_t node, uint64_t dir, rref_t name, uint32_t length)
{
    struct linking linking = {.node = node, .dir = dir};
    int64_t result = name_fetch(name, length, linking.name);
    return result < 0 ? rpc_error(result) : volume_change(link_do, &linking);
}
