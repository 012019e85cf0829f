// SPDX-License-Identifier: MIT
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

// ---- Names that were found ----
// The library looks through a directory from its start. What it has found holds until any name
// changes, or the library is opened anew.

#define NAMES     128u
#define NAME_ROOM 24u

static struct found {
    char name[NAME_ROOM];
    ext2_ino_t directory, number;
    uint64_t change;
} found_names[NAMES];
static uint64_t change = 1; // of any name

void directory_forget(void)
{
    change++;
}

// Where the name is kept; NULL: it is too long to be.
static struct found *found_at(ext2_ino_t directory, const char *name, size_t length)
{
    uint32_t hash = directory;
    if (length >= NAME_ROOM)
        return NULL;
    for (size_t i = 0; i < length; i++)
        hash = hash * 31 + (uint8_t)name[i];
    return &found_names[hash % NAMES];
}

int64_t directory_find(ext2_ino_t directory, const char *name, ext2_ino_t *number)
{
    size_t length = strlen(name);
    struct found *found = found_at(directory, name, length);
    if (found && found->change == change && found->directory == directory &&
        memcmp(found->name, name, length + 1) == 0) {
        *number = found->number;
        return 0;
    }
    errcode_t error = ext2fs_lookup(volume.fs, directory, name, (int)length, NULL, number);
    if (!error && found) {
        memcpy(found->name, name, length + 1);
        found->directory = directory;
        found->number = *number;
        found->change = change;
    }
    return volume_error(error);
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
    directory_forget();
    errcode_t error = ext2fs_link(volume.fs, directory, name, number, entry_type(mode));
    if (error == EXT2_ET_DIR_NO_SPACE) {
        error = ext2fs_expand_dir(volume.fs, directory);
        if (!error)
            error = ext2fs_link(volume.fs, directory, name, number, entry_type(mode));
    }
    volume.phase = CLASS_MAP;
    return volume_error(error);
}

int64_t directory_remove(ext2_ino_t directory, const char *name, ext2_ino_t number)
{
    enum block_class before = volume.phase;
    if (before == CLASS_MAP)
        volume.phase = CLASS_DIRECTORY;
    directory_forget();
    errcode_t error = ext2fs_unlink(volume.fs, directory, name, number, 0);
    volume.phase = before;
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
