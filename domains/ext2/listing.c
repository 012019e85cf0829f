// SPDX-License-Identifier: MIT
// Reading directories. A position is an offset in bytes, so that it stays where it is while names
// come and go.
#include "fs_server.h"
#include "volume.h"

#define LISTING_SIZE 2048u

struct listing {
    uint64_t records[LISTING_SIZE / 8];
    uint32_t filled, room;
    uint64_t position; // after what was listed
    bool is_full;
};

static void listing_add(struct listing *listing, const struct ext2_dir_entry *entry, uint64_t next)
{
    static const uint8_t types[8] = {
        [EXT2_FT_REG_FILE] = FS_FILE >> 12,
        [EXT2_FT_DIR] = FS_DIRECTORY >> 12,
        [EXT2_FT_SYMLINK] = FS_SYMLINK >> 12,
    };
    uint32_t length = (uint32_t)ext2fs_dirent_name_len(entry);
    uint32_t size = FS_ENTRY_LENGTH(length);
    if (size > listing->room - listing->filled) {
        listing->is_full = true;
        return;
    }
    struct fs_entry *record = (struct fs_entry *)((uint8_t *)listing->records + listing->filled);
    memset(record, 0, size);
    record->node = entry->inode;
    record->next = next;
    record->length = (uint16_t)size;
    record->type = types[ext2fs_dirent_file_type(entry) & 7];
    memcpy(record->name, entry->name, length);
    listing->filled += size;
    listing->position = next;
}

// The entries of a block, which begins at BASE in the directory, from the position on.
static int64_t block_list(struct listing *listing, const uint8_t *block, uint64_t base)
{
    uint32_t size = volume.fs->blocksize;
    for (uint32_t at = 0; at < size && !listing->is_full;) {
        struct ext2_dir_entry *entry = (struct ext2_dir_entry *)(uintptr_t)(block + at);
        unsigned int length;
        if (size - at < 8 || ext2fs_get_rec_len(volume.fs, entry, &length) || length < 8 ||
            length % 4 || length > size - at ||
            8 + (uint32_t)ext2fs_dirent_name_len(entry) > length)
            return -EIO;
        if (entry->inode && base + at >= listing->position)
            listing_add(listing, entry, base + at + length);
        at += length;
    }
    if (!listing->is_full)
        listing->position = base + size;
    return 0;
}

static int64_t directory_list(uint64_t node, struct listing *listing)
{
    struct ext2_inode inode;
    int64_t result = node_read(node, &inode);
    if (result < 0)
        return result;
    if (!inode_is(&inode, FS_DIRECTORY))
        return -ENOTDIR;
    uint32_t size = volume.fs->blocksize;
    while (result == 0 && !listing->is_full && listing->position < EXT2_I_SIZE(&inode)) {
        uint64_t logical = listing->position / size;
        blk64_t block;
        errcode_t error =
            ext2fs_bmap2(volume.fs, NODE_INODE(node), &inode, NULL, 0, logical, NULL, &block);
        if (error || !block || block >= ext2fs_blocks_count(volume.fs->super))
            return listing->filled ? 0 : error ? volume_error(error) : -EIO;
        const uint8_t *bytes = cache_read(block, &result);
        if (bytes)
            result = block_list(listing, bytes, logical * size);
    }
    return listing->filled ? 0 : result;
}

RpcResult fs_do_readdir(uint64_t node, uint64_t position, rref_t buffer, uint32_t length)
{
    struct listing listing = {.room = length < LISTING_SIZE ? length : LISTING_SIZE,
                              .position = position};
    int64_t result = volume_enter();
    if (result < 0)
        return rpc_error(result);
    result = directory_list(node, &listing);
    if (result == 0 && listing.is_full && !listing.filled)
        result = -EINVAL;
    if (result == 0 && listing.filled)
        result = core_rref_write(buffer, 0, listing.records, listing.filled);
    return volume_leave(result < 0 ? result : (int64_t)listing.filled);
}
