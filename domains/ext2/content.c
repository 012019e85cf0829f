// SPDX-License-Identifier: MIT
#include "content.h"

#define RUN_BLOCKS 64u // that are mapped at once; the most that is read ahead

// Where a file was read last: who goes on from there gets blocks read ahead. And where some of its
// blocks lie, which takes the library half as long to find out as all the rest of a read; until the
// next operation that changes anything.
#define READERS 64u
static struct reader {
    ext2_ino_t number;
    uint32_t mapped;
    uint64_t end, first, operation;
    blk64_t blocks[RUN_BLOCKS]; // from FIRST on
} readers[READERS];

static struct reader *reader_of(ext2_ino_t number)
{
    struct reader *reader = &readers[number % READERS];
    if (reader->number != number)
        *reader = (struct reader){.number = number};
    return reader;
}

// Looks up where COUNT blocks of the file lie, 0 for a hole.
static int64_t blocks_map(ext2_ino_t number, struct ext2_inode *inode, uint64_t first,
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
        if (blocks[i] >= ext2fs_blocks_count(volume.fs->super))
            return -EIO;
    }
    return 0;
}

// Reads what is not in the cache of blocks that lie one after the other, from the first on.
static void run_fetch(const blk64_t *blocks, uint32_t count)
{
    uint32_t length = 1;
    if (!blocks[0] || cache_has(blocks[0]))
        return;
    while (length < count && blocks[length] == blocks[0] + length)
        length++;
    cache_fetch(blocks[0], length);
}

struct span {
    rref_t buffer;
    uint64_t offset; // in the file
    uint32_t start, length;
};

// The part of the span that lies in its first block.
static uint32_t span_piece(const struct span *span, uint32_t *within)
{
    uint32_t size = volume.fs->blocksize;
    *within = (uint32_t)(span->offset % size);
    return span->length < size - *within ? span->length : size - *within;
}

static void span_advance(struct span *span, uint32_t n)
{
    span->offset += n;
    span->start += n;
    span->length -= n;
}

static int64_t piece_read(const struct span *span, blk64_t block, uint32_t within, uint32_t n)
{
    int64_t error;
    if (!block)
        return core_rref_fill(span->buffer, span->start, 0, n);
    const uint8_t *bytes = cache_read(block, &error);
    return bytes ? core_rref_write(span->buffer, span->start, bytes + within, n) : error;
}

// Where COUNT blocks lie from FIRST on, of which there are so many: at least the first one of them.
// How many are known, in *BLOCKS, or a negative errno.
static int64_t reader_map(struct reader *reader, struct ext2_inode *inode, uint64_t first,
                          uint64_t count, const blk64_t **blocks)
{
    bool is_valid = reader->operation == volume.operations && first >= reader->first &&
                    first < reader->first + reader->mapped;
    if (!is_valid) {
        reader->mapped = 0;
        int64_t error = blocks_map(reader->number, inode, first, (uint32_t)count, reader->blocks);
        if (error < 0)
            return error;
        reader->first = first;
        reader->mapped = (uint32_t)count;
        reader->operation = volume.operations;
    }
    *blocks = reader->blocks + (first - reader->first);
    return (int64_t)(reader->first + reader->mapped - first);
}

// As many blocks of the span as are mapped at once, and those behind if they are to be read ahead.
static int64_t run_read(struct reader *reader, struct ext2_inode *inode, struct span *span,
                        bool ahead)
{
    uint32_t size = volume.fs->blocksize;
    const blk64_t *blocks;
    uint64_t first = span->offset / size, last = (EXT2_I_SIZE(inode) - 1) / size;
    uint64_t wanted = (span->offset + span->length - 1) / size - first + 1;
    uint64_t count = ahead ? RUN_BLOCKS : wanted;
    if (count > last - first + 1)
        count = last - first + 1;
    if (count > RUN_BLOCKS)
        count = RUN_BLOCKS;
    int64_t mapped = reader_map(reader, inode, first, count, &blocks);
    int64_t error = mapped < 0 ? mapped : 0;
    for (uint32_t i = 0; i < mapped && i < wanted && error == 0; i++) {
        uint32_t within, n = span_piece(span, &within);
        run_fetch(blocks + i, (uint32_t)mapped - i);
        error = piece_read(span, blocks[i], within, n);
        if (error == 0)
            span_advance(span, n);
    }
    return error;
}

int64_t content_read(ext2_ino_t number, struct ext2_inode *inode, uint64_t offset, rref_t buffer,
                     uint32_t start, uint32_t length)
{
    uint64_t size = EXT2_I_SIZE(inode);
    if (offset >= size || length == 0)
        return 0;
    if (length > size - offset)
        length = (uint32_t)(size - offset);
    if (inode->i_flags & EXT4_INLINE_DATA_FL)
        return -EIO;
    struct span span = {buffer, offset, start, length};
    struct reader *reader = reader_of(number);
    bool ahead = offset == 0 || reader->end == offset;
    int64_t error = 0;
    while (span.length && error == 0)
        error = run_read(reader, inode, &span, ahead);
    uint32_t done = length - span.length;
    reader->end = offset + done;
    return done || error == 0 ? (int64_t)done : error;
}

// ---- Writing ----

uint64_t content_size_max(void)
{
    uint64_t size = volume.fs->blocksize, addresses = size / 4;
    uint64_t blocks = 12 + addresses + addresses * addresses + addresses * addresses * addresses;
    uint64_t counted = (UINT32_MAX - 3 * addresses * addresses) / (size / 512); // by i_blocks
    return (blocks < counted ? blocks : counted) * size;
}

// The block that takes the piece; a new one is full of zeros.
static int64_t block_for_writing(ext2_ino_t number, struct ext2_inode *inode, uint64_t logical,
                                 blk64_t *block)
{
    int64_t error = blocks_map(number, inode, logical, 1, block);
    if (error < 0 || *block)
        return error;
    errcode_t failed =
        ext2fs_bmap2(volume.fs, number, inode, NULL, BMAP_ALLOC, logical, NULL, block);
    if (failed)
        return volume_error(failed);
    return *block && *block < ext2fs_blocks_count(volume.fs->super) ? 0 : -EIO;
}

static int64_t piece_write(ext2_ino_t number, struct ext2_inode *inode, const struct span *span,
                           uint32_t within, uint32_t n)
{
    uint32_t size = volume.fs->blocksize;
    blk64_t block;
    int64_t error = block_for_writing(number, inode, span->offset / size, &block);
    if (error < 0)
        return error;
    uint8_t *bytes = cache_write(block, n == size, CLASS_CONTENT, &error);
    return bytes ? core_rref_read(span->buffer, span->start, bytes + within, n) : error;
}

int64_t content_write(ext2_ino_t number, struct ext2_inode *inode, uint64_t offset, rref_t buffer,
                      uint32_t start, uint32_t length)
{
    struct span span = {buffer, offset, start, length};
    while (span.length) {
        uint32_t within, n = span_piece(&span, &within);
        int64_t error = piece_write(number, inode, &span, within, n);
        if (error < 0)
            return error;
        span_advance(&span, n);
    }
    if (span.offset > EXT2_I_SIZE(inode)) {
        errcode_t error = ext2fs_inode_size_set(volume.fs, inode, (ext2_off64_t)span.offset);
        if (error)
            return volume_error(error);
    }
    inode->i_mtime = volume_now();
    int64_t error = node_write(number, inode);
    return error < 0 ? error : length;
}

int64_t content_resize(ext2_ino_t number, uint64_t size)
{
    ext2_file_t file;
    struct ext2_inode inode;
    errcode_t error = ext2fs_file_open2(volume.fs, number, NULL, EXT2_FILE_WRITE, &file);
    if (!error) {
        error = ext2fs_file_set_size2(file, (ext2_off64_t)size);
        errcode_t closed = ext2fs_file_close(file);
        error = error ? error : closed;
    }
    if (!error)
        error = ext2fs_read_inode(volume.fs, number, &inode);
    if (error)
        return volume_error(error);
    inode.i_mtime = volume_now();
    return node_write(number, &inode);
}
