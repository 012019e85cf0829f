// SPDX-License-Identifier: MIT
// What libext2fs reads and writes through: an io_manager, over the cache.
#include "volume.h"

#include <stdlib.h>
#include "kept.h"

static errcode_t channel_open(const char *name, int flags, io_channel *out)
{
    io_channel channel = calloc(1, sizeof *channel);
    (void)flags;
    if (!channel)
        return EXT2_ET_NO_MEMORY;
    channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    channel->manager = &channel_manager;
    channel->name = strdup(name);
    channel->block_size = (int)kept->block_size;
    channel->refcount = 1;
    *out = channel;
    return 0;
}

static errcode_t channel_close(io_channel channel)
{
    if (--channel->refcount > 0)
        return 0;
    free(channel->name);
    free(channel);
    return 0;
}

static errcode_t channel_block_size(io_channel channel, int bytes)
{
    channel->block_size = bytes;
    return 0;
}

// Where a transfer begins and ends, in bytes. COUNT is in blocks, or in bytes where it is negative.
struct range {
    uint64_t at, end;
};

static bool range_make(io_channel channel, unsigned long long block, int count, struct range *range)
{
    uint64_t size = (uint64_t)channel->block_size, device = kept->blocks * kept->block_size;
    uint64_t bytes = count < 0 ? (uint64_t) - (int64_t)count : (uint64_t)count * size;
    if (block > device / size || bytes > device - block * size)
        return false;
    *range = (struct range){block * size, block * size + bytes};
    return true;
}

// The part of one block of the cache with which the range begins.
static uint64_t range_piece(const struct range *range, uint64_t *within)
{
    *within = range->at % kept->block_size;
    uint64_t room = kept->block_size - *within, left = range->end - range->at;
    return left < room ? left : room;
}

static errcode_t channel_read(io_channel channel, unsigned long long block, int count, void *data)
{
    struct range range;
    if (!range_make(channel, block, count, &range))
        return EXT2_ET_SHORT_READ;
    if (range.end - range.at > kept->block_size)
        cache_fetch(range.at / kept->block_size,
                    (uint32_t)((range.end - range.at) / kept->block_size));
    for (uint8_t *to = data; range.at < range.end;) {
        int64_t error;
        uint64_t within, n = range_piece(&range, &within);
        const uint8_t *bytes = cache_read(range.at / kept->block_size, &error);
        if (!bytes)
            return (errcode_t)-error;
        memcpy(to, bytes + within, n);
        to += n;
        range.at += n;
    }
    return 0;
}

// Whether the block lies where its group keeps inodes, or other things that describe the group. Of
// the others, the library writes a new one before it says that it is in use.
enum block_class channel_class(uint64_t block)
{
    ext2_filsys fs = volume.fs;
    if (!fs || block <= fs->super->s_first_data_block)
        return CLASS_REST;
    if (block >= ext2fs_blocks_count(fs->super))
        return volume.phase;
    dgrp_t group = ext2fs_group_of_blk2(fs, block);
    uint64_t table = ext2fs_inode_table_loc(fs, group);
    if (block >= table && block - table < fs->inode_blocks_per_group)
        return CLASS_INODE;
    bool is_map =
        block == ext2fs_block_bitmap_loc(fs, group) || block == ext2fs_inode_bitmap_loc(fs, group);
    bool is_descriptor = group == 0 && block <= fs->super->s_first_data_block + fs->desc_blocks;
    if (is_map || is_descriptor)
        return CLASS_REST;
    bool is_new = volume.taken && !ext2fs_test_block_bitmap2(volume.taken, block);
    return is_new && volume.phase == CLASS_MAP ? CLASS_CONTENT : volume.phase;
}

// What is written as it was makes no block dirty: the library writes all descriptors and bitmaps.
static errcode_t channel_write(io_channel channel, unsigned long long block, int count,
                               const void *data)
{
    struct range range;
    if (!range_make(channel, block, count, &range))
        return EXT2_ET_SHORT_WRITE;
    for (const uint8_t *from = data; range.at < range.end;) {
        int64_t error;
        uint64_t within, n = range_piece(&range, &within), at = range.at / kept->block_size;
        const uint8_t *before = cache_has(at) ? cache_read(at, &error) : NULL;
        if (!before || memcmp(before + within, from, n) != 0) {
            uint8_t *bytes = cache_write(at, n == kept->block_size, channel_class(at), &error);
            if (!bytes)
                return (errcode_t)-error;
            memcpy(bytes + within, from, n);
        }
        from += n;
        range.at += n;
    }
    return 0;
}

static errcode_t channel_read_short(io_channel channel, unsigned long block, int count, void *data)
{
    return channel_read(channel, block, count, data);
}

static errcode_t channel_write_short(io_channel channel, unsigned long block, int count,
                                     const void *data)
{
    return channel_write(channel, block, count, data);
}

// When blocks go to the device is not the library's business.
static errcode_t channel_flush(io_channel channel)
{
    (void)channel;
    return 0;
}

struct struct_io_manager channel_manager = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "cache",
    .open = channel_open,
    .close = channel_close,
    .set_blksize = channel_block_size,
    .read_blk = channel_read_short,
    .write_blk = channel_write_short,
    .read_blk64 = channel_read,
    .write_blk64 = channel_write,
    .flush = channel_flush,
};
