// SPDX-License-Identifier: MIT
// Which blocks are in use.
//
// What was freed may be referred to on the device still, until all is written back: were it used
// again, a power cut could leave a removed or replaced file with another's contents. A device may
// also be at work on it still, for somebody who reads past the cache. So it counts as taken until
// then: a write-back ends with a flush, and that with all that the device had before it.
#include "bitmaps.h"

#include "domain.h"

// Groups whose bitmaps of blocks have changed since they were last written: from here to there.
static dgrp_t changed_first, changed_end;

static void groups_unchanged(void)
{
    changed_first = UINT32_MAX;
    changed_end = 0;
}

static void group_note(dgrp_t group)
{
    changed_first = group < changed_first ? group : changed_first;
    changed_end = group < changed_end ? changed_end : group + 1;
}

static errcode_t block_choose(ext2_filsys fs, blk64_t goal, blk64_t *block,
                              struct blk_alloc_ctx *context)
{
    return ext2fs_new_block3(fs, goal, volume.taken, block, context);
}

static void block_note(ext2_filsys fs, blk64_t block, int change)
{
    group_note(ext2fs_group_of_blk2(fs, block));
    if (change > 0)
        ext2fs_mark_block_bitmap2(volume.taken, block);
    else
        volume.has_freed = true;
}

// The library does not tell which blocks these were.
static void blocks_note(ext2_filsys fs, blk64_t block, blk_t count, int change)
{
    (void)block, (void)count;
    group_note(0);
    group_note(fs->group_desc_count - 1);
    if (change < 0)
        volume.has_freed = true;
}

void blocks_use(uint64_t block, uint32_t count)
{
    ext2fs_block_alloc_stats_range(volume.fs, block, (blk_t)count, +1);
    ext2fs_mark_block_bitmap_range2(volume.taken, block, (unsigned)count);
}

uint32_t blocks_free(uint64_t block, uint32_t count)
{
    blk64_t used, end = ext2fs_blocks_count(volume.fs->super);
    if (count > end - block)
        count = (uint32_t)(end - block);
    errcode_t none =
        ext2fs_find_first_set_block_bitmap2(volume.taken, block, block + count - 1, &used);
    return none ? count : (uint32_t)(used - block);
}

// ---- Writing ----
// The library writes the bitmaps of all groups, and goes bit by bit through what the last one
// lacks.

static uint8_t bits[SLOT_BYTES];

// The bits behind COUNT are 1. A descriptor that is damaged may name any block.
static errcode_t bits_write(blk64_t block, uint32_t count)
{
    if (!block || block >= ext2fs_blocks_count(volume.fs->super))
        return 0;
    for (uint32_t i = count; i % 8; i++)
        bits[i / 8] |= (uint8_t)(1u << i % 8);
    memset(bits + (count + 7) / 8, 0xFF, sizeof bits - (count + 7) / 8);
    return io_channel_write_blk64(volume.fs->io, block, 1, bits);
}

static errcode_t blocks_write(ext2_filsys fs, dgrp_t group)
{
    uint64_t first = ext2fs_group_first_block2(fs, group);
    uint32_t count = (uint32_t)(ext2fs_group_last_block2(fs, group) - first + 1);
    errcode_t error = ext2fs_get_block_bitmap_range2(fs->block_map, first, count, bits);
    return error ? error : bits_write(ext2fs_block_bitmap_loc(fs, group), count);
}

static errcode_t inodes_write(ext2_filsys fs, dgrp_t group)
{
    uint32_t count = fs->super->s_inodes_per_group;
    errcode_t error =
        ext2fs_get_inode_bitmap_range2(fs->inode_map, 1 + (uint64_t)group * count, count, bits);
    return error ? error : bits_write(ext2fs_inode_bitmap_loc(fs, group), count);
}

static errcode_t bitmaps_write(ext2_filsys fs)
{
    errcode_t error = 0;
    dgrp_t end = fs->flags & EXT2_FLAG_BB_DIRTY ? changed_end : 0;
    for (dgrp_t group = changed_first; group < end && !error; group++)
        error = blocks_write(fs, group);
    end = fs->flags & EXT2_FLAG_IB_DIRTY ? fs->group_desc_count : 0;
    for (dgrp_t group = 0; group < end && !error; group++)
        error = inodes_write(fs, group);
    if (error)
        return error;
    groups_unchanged();
    fs->flags &= ~(EXT2_FLAG_BB_DIRTY | EXT2_FLAG_IB_DIRTY);
    return 0;
}

// ---- Opening ----

int64_t taken_renew(void)
{
    ext2fs_block_bitmap taken = NULL;
    if (!volume.fs || !volume.fs->block_map)
        return 0;
    errcode_t error = ext2fs_copy_bitmap(volume.fs->block_map, &taken);
    if (error)
        return volume_error(error);
    taken_forget();
    volume.taken = taken;
    return 0;
}

void taken_forget(void)
{
    if (volume.taken)
        ext2fs_free_block_bitmap(volume.taken);
    volume.taken = NULL;
    volume.has_freed = false;
}

// Until the next write-back every block counts as one that was freed before.
static void taken_fill(void)
{
    uint64_t first = volume.fs->super->s_first_data_block;
    uint64_t count = ext2fs_blocks_count(volume.fs->super) - first;
    ext2fs_mark_block_bitmap_range2(volume.taken, first, (blk_t)count);
    volume.has_freed = true;
}

// What was freed before, by operations of which not all is on the device, is not to be used again
// either: so it all goes there first. A block that an operation took which a crash has ended may be
// written by a device still, out of the buffer that the operation had on loan. Of a disk that takes
// nothing, what is there can be read.
int64_t bitmaps_open(void)
{
    int64_t written = cache_is_settled() ? 0 : cache_write_back();
    errcode_t error = ext2fs_read_bitmaps(volume.fs);
    int64_t result = error ? volume_error(error) : taken_renew();
    if (result < 0)
        return result;
    if (written < 0)
        taken_fill();
    groups_unchanged();
    ext2fs_set_block_alloc_stats_callback(volume.fs, block_note, NULL);
    ext2fs_set_block_alloc_stats_range_callback(volume.fs, blocks_note, NULL);
    volume.fs->get_alloc_block2 = block_choose;
    volume.fs->write_bitmaps = bitmaps_write;
    return 0;
}
