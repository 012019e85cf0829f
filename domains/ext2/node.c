// SPDX-License-Identifier: MIT
#include "volume.h"

#include "kept.h"

#define GENERATION_SHIFT 32
#define GENERATION_MASK  0x3FFFFFFFu // bit 63 says that a file's writes go to the end

uint64_t node_number(ext2_ino_t number, const struct ext2_inode *inode)
{
    uint64_t generation = inode->i_generation & GENERATION_MASK;
    return generation << GENERATION_SHIFT | number;
}

static bool is_for_files(ext2_ino_t number)
{
    const struct ext2_super_block *super = volume.fs->super;
    return number == EXT2_ROOT_INO ||
           (number >= EXT2_FIRST_INODE(super) && number <= super->s_inodes_count);
}

int64_t node_named(ext2_ino_t number, struct ext2_inode *inode)
{
    if (!is_for_files(number))
        return -EIO;
    errcode_t error = ext2fs_read_inode(volume.fs, number, inode);
    if (error)
        return volume_error(error);
    return inode->i_mode & FS_TYPE ? 0 : -EIO;
}

int64_t node_read(uint64_t node, struct ext2_inode *inode)
{
    ext2_ino_t number = NODE_INODE(node);
    if (!is_for_files(number))
        return -ESTALE;
    errcode_t error = ext2fs_read_inode(volume.fs, number, inode);
    if (error)
        return volume_error(error);
    bool lives = inode->i_links_count || opens_count(number);
    return lives && node_number(number, inode) == node ? 0 : -ESTALE;
}

int64_t node_write(ext2_ino_t number, struct ext2_inode *inode)
{
    inode->i_ctime = volume_now();
    return volume_error(ext2fs_write_inode(volume.fs, number, inode));
}

static int64_t inode_free(ext2_ino_t number, struct ext2_inode *inode)
{
    errcode_t error = 0;
    if (ext2fs_file_acl_block(volume.fs, inode))
        error = ext2fs_free_ext_attr(volume.fs, number, (struct ext2_inode_large *)NULL);
    if (!error && ext2fs_file_acl_block(volume.fs, inode))
        error = ext2fs_read_inode(volume.fs, number, inode);
    if (!error && ext2fs_inode_has_valid_blocks2(volume.fs, inode))
        error = ext2fs_punch(volume.fs, number, inode, NULL, 0, ~0ull);
    if (error)
        return volume_error(error);
    inode->i_links_count = 0;
    inode->i_dtime = volume_now();
    ext2fs_inode_alloc_stats2(volume.fs, number, -1, inode_is(inode, FS_DIRECTORY));
    return node_write(number, inode);
}

int64_t node_settle(ext2_ino_t number, struct ext2_inode *inode)
{
    if (inode->i_links_count || opens_count(number))
        return node_write(number, inode);
    return inode_free(number, inode);
}

// ---- What is open ----

// No record at or past this one is in use. An instance does not know at first, so it takes all.
static uint32_t opens_end = OPENS_MAX;

static struct open_record *open_find(ext2_ino_t number)
{
    while (opens_end && !kept->opens[opens_end - 1].count)
        opens_end--;
    for (uint32_t i = 0; i < opens_end; i++)
        if (kept->opens[i].count && kept->opens[i].inode == number)
            return &kept->opens[i];
    return NULL;
}

static struct open_record *open_make(ext2_ino_t number)
{
    uint32_t i = 0;
    while (i < opens_end && kept->opens[i].count)
        i++;
    if (i == OPENS_MAX)
        return NULL;
    if (i == opens_end)
        opens_end++;
    kept->opens[i].inode = number;
    return &kept->opens[i];
}

int64_t opens_add(ext2_ino_t number, uint64_t ticket)
{
    if (ticket_is_counted(&kept->tickets, ticket))
        return 0;
    struct open_record *record = open_find(number);
    if (!record)
        record = open_make(number);
    if (!record)
        return -EMFILE;
    __atomic_fetch_add(&record->count, 1, __ATOMIC_SEQ_CST);
    ticket_count(&kept->tickets, ticket);
    return 0;
}

uint32_t opens_count(ext2_ino_t number)
{
    const struct open_record *record = open_find(number);
    return record ? record->count : 0;
}

void opens_remove(ext2_ino_t number, uint64_t ticket)
{
    struct open_record *record = open_find(number);
    ticket_count(&kept->tickets, ticket);
    if (record)
        __atomic_fetch_sub(&record->count, 1, __ATOMIC_SEQ_CST);
}

int64_t opens_release(void)
{
    for (uint32_t i = 0; i < OPENS_MAX; i++) {
        struct open_record *record = &kept->opens[i];
        struct ext2_inode inode;
        if (!record->count)
            continue;
        record->count = 0;
        if (node_named(record->inode, &inode) < 0 || inode.i_links_count)
            continue;
        int64_t error = inode_free(record->inode, &inode);
        if (error < 0)
            return error;
    }
    return 0;
}
