// SPDX-License-Identifier: MIT
// Renaming. On the device a name that is moved is written before the old one is taken away, where
// the two do not lie in one block: a power cut leaves both names or one, and never none.
#include "rename.h"

#include "index.h"

#define DEPTH_MAX 1000 // of directories: there is a circle, else

static int64_t target_check(const struct ext2_inode *source, const struct ext2_inode *target,
                            ext2_ino_t number)
{
    bool from_directory = inode_is(source, FS_DIRECTORY);
    if (!inode_is(target, FS_DIRECTORY))
        return from_directory ? -ENOTDIR : 0;
    return from_directory ? directory_is_empty(number) : -EISDIR;
}

// A directory must not be moved into itself.
static int64_t circle_check(ext2_ino_t moved, ext2_ino_t target)
{
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        if (target == moved)
            return -EINVAL;
        if (target == EXT2_ROOT_INO)
            return 0;
        int64_t error = directory_find(target, "..", &target);
        if (error < 0)
            return error;
    }
    return -EIO;
}

struct replacement {
    const char *name;
    ext2_ino_t number;
    uint8_t type;
    bool done;
};

static int entry_replace(ext2_ino_t directory, int kind, struct ext2_dir_entry *entry, int offset,
                         int size, char *block, void *argument)
{
    struct replacement *replacement = argument;
    size_t length = strlen(replacement->name);
    (void)directory, (void)kind, (void)offset, (void)size, (void)block;
    if ((size_t)ext2fs_dirent_name_len(entry) != length ||
        memcmp(entry->name, replacement->name, length) != 0)
        return 0;
    entry->inode = replacement->number;
    if (replacement->type && ext2fs_has_feature_filetype(volume.fs->super))
        ext2fs_dirent_set_file_type(entry, replacement->type);
    replacement->done = true;
    return DIRENT_CHANGED | DIRENT_ABORT;
}

// Lets a name that is there lead to another inode.
static int64_t name_replace(ext2_ino_t directory, const char *name, ext2_ino_t number, int type)
{
    struct replacement replacement = {name, number, (uint8_t)type, false};
    volume.phase = CLASS_DIRECTORY;
    errcode_t error =
        ext2fs_dir_iterate2(volume.fs, directory, 0, NULL, entry_replace, &replacement);
    volume.phase = CLASS_MAP;
    if (error || !replacement.done)
        index_drop(directory);
    else
        index_replace(directory, name, strlen(name), number);
    return error ? volume_error(error) : replacement.done ? 0 : -EIO;
}

static int64_t name_enter(const struct rename *move, const struct ext2_inode *source,
                          ext2_ino_t number, bool replaces)
{
    ext2_ino_t directory = NODE_INODE(move->to);
    if (!replaces)
        return directory_add(directory, move->new_name, number, source->i_mode);
    int type = inode_is(source, FS_DIRECTORY) ? EXT2_FT_DIR
               : inode_is(source, FS_SYMLINK) ? EXT2_FT_SYMLINK
               : inode_is(source, FS_FILE)    ? EXT2_FT_REG_FILE
                                              : EXT2_FT_UNKNOWN;
    return name_replace(directory, move->new_name, number, type);
}

// The inode that had the new name.
static int64_t target_drop(ext2_ino_t number, struct ext2_inode *inode)
{
    bool is_directory = inode_is(inode, FS_DIRECTORY);
    inode->i_links_count = is_directory ? 0 : (__u16)(inode->i_links_count - 1);
    return node_settle(number, inode);
}

static int64_t links_mend(const struct rename *move, const struct ext2_inode *source,
                          ext2_ino_t number, bool replaces)
{
    ext2_ino_t from = NODE_INODE(move->from), to = NODE_INODE(move->to);
    bool is_directory = inode_is(source, FS_DIRECTORY);
    int64_t error = 0;
    if (is_directory && from != to)
        error = name_replace(number, "..", to, 0);
    if (error == 0)
        error = directory_touch(from, is_directory ? -1 : 0);
    if (error == 0)
        error = directory_touch(to, is_directory && !replaces ? 1 : 0);
    return error;
}

static int64_t name_move(const struct rename *move, ext2_ino_t number, struct ext2_inode *source)
{
    struct ext2_inode target;
    ext2_ino_t from = NODE_INODE(move->from), to = NODE_INODE(move->to), before;
    int64_t error = directory_find(to, move->new_name, &before);
    bool replaces = error == 0;
    if (error < 0 && error != -ENOENT)
        return error;
    if (replaces && before == number)
        return 0;
    error = replaces ? node_named(before, &target) : 0;
    if (error == 0 && replaces)
        error = target_check(source, &target, before);
    if (error == 0 && inode_is(source, FS_DIRECTORY))
        error = circle_check(number, to);
    if (error < 0)
        return error;
    cache_move();
    if (replaces && inode_is(&target, FS_DIRECTORY))
        cache_move_first();
    error = name_enter(move, source, number, replaces);
    volume.phase = CLASS_MOVED_FROM;
    if (error == 0)
        error = directory_remove(from, move->name, number);
    volume.phase = CLASS_MAP;
    if (error == 0)
        error = links_mend(move, source, number, replaces);
    if (error == 0 && replaces)
        error = target_drop(before, &target);
    return error < 0 ? error : node_write(number, source);
}

int64_t rename_do(void *argument)
{
    struct rename *move = argument;
    struct ext2_inode from, to, source;
    ext2_ino_t number;
    int64_t error = directory_check(move->from, &from);
    if (error == 0)
        error = directory_check(move->to, &to);
    if (error == 0)
        error = directory_find(NODE_INODE(move->from), move->name, &number);
    if (error == 0)
        error = node_named(number, &source);
    return error < 0 ? error : name_move(move, number, &source);
}
