// SPDX-License-Identifier: MIT
// The inode holds the addresses of 12 blocks, and of a block of addresses, of a block of such, and
// of a block of those (Card, Ts'o, Tweedie: Design and Implementation of the Second Extended
// Filesystem, 1994). What a damaged one names is no block of the file system (-EIO), or is some
// block, read as addresses; three steps down it ends.
#include "map.h"

#include "bitmaps.h"

#define LEVELS 4u

// The way to one block: an index into the inode's addresses, then one into each block of them.
struct way {
    uint32_t length;
    uint32_t index[LEVELS];
};

static uint32_t addresses_in_block(void)
{
    return volume.fs->blocksize / (uint32_t)sizeof(uint32_t);
}

// -EFBIG: no address leads there.
static int64_t way_make(uint64_t logical, struct way *way)
{
    uint64_t each = addresses_in_block(), covered = 1;
    if (logical < EXT2_NDIR_BLOCKS) {
        *way = (struct way){1, {(uint32_t)logical}};
        return 0;
    }
    logical -= EXT2_NDIR_BLOCKS;
    for (uint32_t level = 1; level < LEVELS; level++) {
        covered *= each;
        if (logical >= covered) {
            logical -= covered;
            continue;
        }
        way->length = level + 1;
        way->index[0] = EXT2_NDIR_BLOCKS + level - 1;
        for (uint32_t i = level; i; i--, logical /= each)
            way->index[i] = (uint32_t)(logical % each);
        return 0;
    }
    return -EFBIG;
}

static bool is_block(uint64_t block)
{
    return block < ext2fs_blocks_count(volume.fs->super);
}

// The address at the end of the way, 0 where there is none. *IN_ROW: how many addresses follow it
// in the same place, itself included, which ROW shows until the next use of the cache; 1 where the
// way ends before.
static int64_t way_follow(struct ext2_inode *inode, const struct way *way, uint32_t *block,
                          const uint32_t **row, uint32_t *in_row)
{
    *row = inode->i_block + way->index[0];
    *in_row = way->length == 1 ? EXT2_NDIR_BLOCKS - way->index[0] : 1;
    *block = **row;
    for (uint32_t i = 1; i < way->length && *block; i++) {
        int64_t error = -EIO;
        const uint32_t *table = is_block(*block) ? (const void *)cache_read(*block, &error) : NULL;
        if (!table)
            return error;
        *row = table + way->index[i];
        *in_row = i + 1 == way->length ? addresses_in_block() - way->index[i] : 1;
        *block = **row;
    }
    return 0;
}

// As many as the last block of addresses has. How many that were, or a negative errno.
static int64_t row_find(struct ext2_inode *inode, uint64_t first, uint32_t count, blk64_t *blocks)
{
    struct way way;
    uint32_t block = 0, in_row = 0;
    const uint32_t *row;
    int64_t error = way_make(first, &way);
    if (error == 0)
        error = way_follow(inode, &way, &block, &row, &in_row);
    if (error < 0)
        return error;
    if (in_row > count)
        in_row = count;
    uint64_t end = ext2fs_blocks_count(volume.fs->super);
    for (uint32_t i = 0; i < in_row; i++) {
        blocks[i] = row[i];
        if (blocks[i] >= end)
            return -EIO;
    }
    return in_row;
}

// Files of ext4, on a disk that is only read.
static int64_t extents_find(ext2_ino_t number, struct ext2_inode *inode, uint64_t first,
                            uint32_t count, blk64_t *blocks)
{
    for (uint32_t i = 0; i < count; i++) {
        int flags = 0;
        errcode_t error =
            ext2fs_bmap2(volume.fs, number, inode, NULL, 0, first + i, &flags, &blocks[i]);
        if (error)
            return volume_error(error);
        if (flags & BMAP_RET_UNINIT)
            blocks[i] = 0;
        if (!is_block(blocks[i]))
            return -EIO;
    }
    return 0;
}

int64_t map_find(ext2_ino_t number, struct ext2_inode *inode, uint64_t first, uint32_t count,
                 blk64_t *blocks)
{
    if (inode->i_flags & EXT4_EXTENTS_FL)
        return extents_find(number, inode, first, count, blocks);
    for (uint32_t done = 0; done < count;) {
        int64_t found = row_find(inode, first + done, count - done, blocks + done);
        if (found < 0)
            return found;
        done += (uint32_t)found;
    }
    return 0;
}

// ---- New blocks ----

// Takes up to COUNT free blocks that follow each other, if it can be those behind BEFORE. How many,
// from *BLOCK on, or a negative errno.
static int64_t blocks_take(ext2_ino_t number, struct ext2_inode *inode, uint32_t before,
                           uint64_t logical, uint32_t count, uint32_t *block)
{
    blk64_t taken,
        goal = before ? before + 1ull : ext2fs_find_inode_goal(volume.fs, number, inode, logical);
    if (!is_block(goal))
        goal = volume.fs->super->s_first_data_block;
    errcode_t error = ext2fs_new_block3(volume.fs, goal, volume.taken, &taken, NULL);
    if (error)
        return volume_error(error);
    count = blocks_free(taken, count);
    blocks_use(taken, count);
    *block = (uint32_t)taken;
    error = ext2fs_iblk_add_blocks(volume.fs, inode, count);
    return error ? volume_error(error) : count;
}

// One more block of addresses, all of them 0.
static int64_t table_take(ext2_ino_t number, struct ext2_inode *inode, uint32_t before,
                          uint64_t logical, uint32_t *block)
{
    int64_t error = blocks_take(number, inode, before, logical, 1, block);
    if (error < 0)
        return error;
    uint8_t *bytes = cache_write(*block, true, channel_class(*block), &error);
    if (bytes)
        memset(bytes, 0, volume.fs->blocksize);
    return bytes ? 0 : error;
}

// The address at INDEX of a block of addresses, or of the inode's where TABLE is 0.
static int64_t address_get(const struct ext2_inode *inode, uint32_t table, uint32_t index,
                           uint32_t *address)
{
    int64_t error = -EIO;
    const uint32_t *row = !table            ? inode->i_block
                          : is_block(table) ? (const void *)cache_read(table, &error)
                                            : NULL;
    if (row)
        *address = row[index];
    return row ? 0 : error;
}

// COUNT addresses of blocks that follow each other, from BLOCK on.
static int64_t addresses_set(struct ext2_inode *inode, uint32_t table, uint32_t index,
                             uint32_t count, uint32_t block)
{
    int64_t error = 0;
    uint32_t *row =
        !table ? inode->i_block : (void *)cache_write(table, false, channel_class(table), &error);
    for (uint32_t i = 0; row && i < count; i++)
        row[index + i] = block + i;
    return row ? 0 : error;
}

// Where COUNT addresses are missing, those that have a place in the same block of addresses, or in
// the inode, and find blocks that follow each other. How many, from *BLOCK on.
static int64_t row_fill(ext2_ino_t number, struct ext2_inode *inode, uint64_t logical,
                        uint32_t count, uint32_t before, uint32_t *block)
{
    struct way way;
    uint32_t table = 0, last, room;
    int64_t error = way_make(logical, &way);
    for (uint32_t i = 0; error == 0 && i + 1 < way.length; i++) {
        uint32_t next = 0;
        error = address_get(inode, table, way.index[i], &next);
        if (error == 0 && !next) {
            error = table_take(number, inode, before, logical, &next);
            if (error == 0)
                error = addresses_set(inode, table, way.index[i], 1, next);
            before = next;
        }
        table = next;
    }
    if (error < 0)
        return error;
    last = way.index[way.length - 1];
    room = (table ? addresses_in_block() : EXT2_NDIR_BLOCKS) - last;
    int64_t taken = blocks_take(number, inode, before, logical, count < room ? count : room, block);
    if (taken > 0)
        error = addresses_set(inode, table, last, (uint32_t)taken, *block);
    return error < 0 ? error : taken;
}

// How many of COUNT are holes, from the first on.
static uint32_t holes_measure(const blk64_t *blocks, uint32_t count)
{
    uint32_t length = 0;
    while (length < count && !blocks[length])
        length++;
    return length;
}

int64_t map_fill(ext2_ino_t number, struct ext2_inode *inode, uint64_t first, uint32_t count,
                 blk64_t *blocks, uint64_t *fresh)
{
    *fresh = 0;
    if (inode->i_flags & EXT4_EXTENTS_FL)
        return -EIO; // there are none where anything may be written
    int64_t error = map_find(number, inode, first, count, blocks);
    blk64_t before = 0;
    if (error == 0 && first && !blocks[0])
        error = map_find(number, inode, first - 1, 1, &before);
    for (uint32_t i = 0; i < count && error == 0;) {
        uint32_t holes = holes_measure(blocks + i, count - i), block = 0;
        if (!holes) {
            before = blocks[i++];
            continue;
        }
        int64_t filled = row_fill(number, inode, first + i, holes, (uint32_t)before, &block);
        if (filled < 0)
            return filled;
        for (int64_t k = 0; k < filled; k++, i++) {
            blocks[i] = before = block + (uint64_t)k;
            *fresh |= 1ull << i;
        }
    }
    return error;
}
