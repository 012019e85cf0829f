// SPDX-License-Identifier: MIT
#include "index.h"
#include "volume.h"

int64_t name_fetch(rref_t buffer, uint32_t length, char name[FS_NAME_MAX + 1])
{
    if (length == 0)
        return -ENOENT;
    if (length > FS_NAME_MAX)
        return -ENAMETOOLONG;
    int64_t result = core_rref_read(buffer, 0, name, length);
    if (result < 0)
        return result;
    name[length] = '\0';
    bool plain = !memchr(name, '/', length) && !memchr(name, '\0', length);
    return plain ? 0 : -EINVAL;
}

// ---- Looking for a name ----

static int entry_index(ext2_ino_t directory, int kind, struct ext2_dir_entry *entry, int offset,
                       int size, char *block, void *argument)
{
    (void)directory, (void)kind, (void)offset, (void)size, (void)block, (void)argument;
    bool fits = index_enter(entry->name, (size_t)ext2fs_dirent_name_len(entry), entry->inode);
    return fits ? 0 : DIRENT_ABORT;
}

static int64_t directory_index(ext2_ino_t directory)
{
    return volume_error(ext2fs_dir_iterate2(volume.fs, directory, 0, NULL, entry_index, NULL));
}

int64_t directory_find(ext2_ino_t directory, const char *name, ext2_ino_t *number)
{
    size_t length = strlen(name);
    int64_t found = index_find(directory, name, length, number);
    if (found == INDEX_DUE) {
        index_make(directory, directory_index);
        found = index_find(directory, name, length, number);
    }
    if (found <= 0)
        return found;
    return volume_error(ext2fs_lookup(volume.fs, directory, name, (int)length, NULL, number));
}

static int entry_note(ext2_ino_t directory, int kind, struct ext2_dir_entry *entry, int offset,
                      int size, char *block, void *found)
{
    (void)directory, (void)entry, (void)offset, (void)size, (void)block;
    if (kind != DIRENT_OTHER_FILE)
        return 0;
    *(bool *)found = true;
    return DIRENT_ABORT;
}

int64_t directory_is_empty(ext2_ino_t directory)
{
    bool found = false;
    errcode_t error = ext2fs_dir_iterate2(volume.fs, directory, 0, NULL, entry_note, &found);
    return error ? volume_error(error) : found ? -ENOTEMPTY : 0;
}

static int entry_type(uint32_t mode)
{
    switch (mode & FS_TYPE) {
    case FS_FILE:
        return EXT2_FT_REG_FILE;
    case FS_DIRECTORY:
        return EXT2_FT_DIR;
    case FS_SYMLINK:
        return EXT2_FT_SYMLINK;
    }
    return EXT2_FT_UNKNOWN;
}

int64_t directory_add(ext2_ino_t directory, const char *name, ext2_ino_t number, uint32_t mode)
{
    volume.phase = CLASS_DIRECTORY;
    errcode_t error = ext2fs_link(volume.fs, directory, name, number, entry_type(mode));
    if (error == EXT2_ET_DIR_NO_SPACE) {
        error = ext2fs_expand_dir(volume.fs, directory);
        if (!error)
            error = ext2fs_link(volume.fs, directory, name, number, entry_type(mode));
    }
    volume.phase = CLASS_MAP;
    if (error)
        index_drop(directory);
    else
        index_add(directory, name, strlen(name), number);
    return volume_error(error);
}

int64_t directory_remove(ext2_ino_t directory, const char *name, ext2_ino_t number)
{
    enum block_class before = volume.phase;
    if (before == CLASS_MAP)
        volume.phase = CLASS_DIRECTORY;
    errcode_t error = ext2fs_unlink(volume.fs, directory, name, number, 0);
    volume.phase = before;
    if (error)
        index_drop(directory);
    else
        index_remove(directory, name, strlen(name), number);
    return error == EXT2_ET_DIR_NO_SPACE ? -ENOENT : volume_error(error);
}

int64_t directory_check(uint64_t node, struct ext2_inode *inode)
{
    int64_t error = node_read(node, inode);
    if (error < 0)
        return error;
    if (!inode_is(inode, FS_DIRECTORY))
        return -ENOTDIR;
    return inode->i_links_count ? 0 : -ENOENT;
}

int64_t directory_touch(ext2_ino_t number, int links)
{
    struct ext2_inode inode;
    errcode_t error = ext2fs_read_inode(volume.fs, number, &inode);
    if (error)
        return volume_error(error);
    inode.i_links_count = (__u16)(inode.i_links_count + links);
    inode.i_mtime = volume_now();
    return node_write(number, &inode);
}
