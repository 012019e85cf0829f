// SPDX-License-Identifier: MIT
#include "content.h"

#include "disk.h"
#include "map.h"

#define RUN_BLOCKS MAP_RUN_MAX // that are mapped at once; the most that is read ahead

// So much at once goes past the cache: between the device and the buffer that was lent, or with one
// copy in between where it lies in several places.
#define PAST_CACHE 4096u

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
        int64_t error = map_find(reader->number, inode, first, (uint32_t)count, reader->blocks);
        if (error < 0)
            return error;
        reader->first = first;
        reader->mapped = (uint32_t)count;
        reader->operation = volume.operations;
    }
    *blocks = reader->blocks + (first - reader->first);
    return (int64_t)(reader->first + reader->mapped - first);
}

// How many of COUNT blocks lie one after the other and may be moved past the cache.
static uint32_t run_past_cache(const blk64_t *blocks, uint32_t count)
{
    uint32_t length = 0;
    while (length < count && blocks[0] && blocks[length] == blocks[0] + length &&
           cache_yields(blocks[length]))
        length++;
    return length;
}

// What lies in one place and has a cache's worth of company is read into the library's buffer, the
// rest block by block.
static int64_t run_read_past(const blk64_t *blocks, uint32_t count, struct span *span)
{
    uint32_t size = volume.fs->blocksize;
    while (count && span->length) {
        uint32_t within, length = run_past_cache(blocks, count), n = span_piece(span, &within);
        int64_t error;
        if (length) {
            error = disk_transfer(BLOCK_READ, blocks[0] * size, length * size);
            n = length * size < span->length ? length * size : span->length;
            if (error == 0)
                error = core_rref_write(span->buffer, span->start, disk_buffer(), n);
        } else {
            length = 1;
            error = piece_read(span, blocks[0], within, n);
        }
        if (error < 0)
            return error;
        span_advance(span, n);
        blocks += length;
        count -= length;
    }
    return 0;
}

// A large part of the file, or all of it that there is. The count, FS_QUEUED, or a negative errno.
static int64_t read_past_cache(struct reader *reader, struct ext2_inode *inode, struct span *span,
                               bool is_whole)
{
    uint32_t size = volume.fs->blocksize, length = span->length;
    while (span->length) {
        const blk64_t *blocks;
        uint64_t left = (span->length + size - 1) / size;
        uint64_t count = left < RUN_BLOCKS ? left : RUN_BLOCKS;
        int64_t mapped = reader_map(reader, inode, span->offset / size, count, &blocks);
        if (mapped < 0)
            return mapped;
        count = count < (uint64_t)mapped ? count : (uint64_t)mapped;
        if (is_whole && count == left && run_past_cache(blocks, (uint32_t)count) == count) {
            int64_t moved =
                disk_read_into(span->buffer, span->start, blocks[0] * size, span->length);
            if (moved >= 0)
                return moved;
        }
        is_whole = false;
        int64_t error = run_read_past(blocks, (uint32_t)count, span);
        if (error < 0)
            return length == span->length ? error : length - span->length;
    }
    return length;
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
    uint32_t wanted = length;
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
    if (length >= PAST_CACHE && offset % volume.fs->blocksize == 0) {
        bool is_whole = length == wanted && length % volume.fs->blocksize == 0;
        reader->end = offset + length;
        return read_past_cache(reader, inode, &span, is_whole);
    }
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

// One block, or a part of it.
static int64_t piece_write(const struct span *span, blk64_t block, bool is_fresh, uint32_t within,
                           uint32_t n)
{
    int64_t error;
    uint32_t size = volume.fs->blocksize;
    uint8_t *bytes = cache_write(block, is_fresh || n == size, CLASS_CONTENT, &error);
    if (!bytes)
        return error;
    if (is_fresh && n < size)
        memset(bytes, 0, size);
    return core_rref_read(span->buffer, span->start, bytes + within, n);
}

// Blocks that lie one after the other, at once: nothing refers to them yet, or their old bytes are
// to go. Many go out of the buffer that was lent as they are.
static int64_t run_write_past(const struct span *span, blk64_t block, uint32_t n)
{
    uint64_t at = block * volume.fs->blocksize;
    int64_t error;
    if (n >= FS_WRITE_LENT) {
        error = disk_write_begin(span->buffer, span->start, at, n);
    } else {
        error = disk_buffer() ? 0 : -ENOMEM;
        if (error == 0)
            error = core_rref_read(span->buffer, span->start, disk_buffer(), n);
        if (error == 0)
            error = disk_transfer(BLOCK_WRITE, at, n);
    }
    cache_note_written();
    return error;
}

// As many blocks of the span as are mapped at once.
static int64_t run_write(ext2_ino_t number, struct ext2_inode *inode, struct span *span)
{
    uint32_t size = volume.fs->blocksize;
    uint64_t first = span->offset / size, last = (span->offset + span->length - 1) / size, fresh;
    uint32_t count = last - first < RUN_BLOCKS ? (uint32_t)(last - first + 1) : RUN_BLOCKS;
    blk64_t blocks[RUN_BLOCKS];
    int64_t error = map_fill(number, inode, first, count, blocks, &fresh);
    for (uint32_t i = 0, length; i < count && error == 0; i += length) {
        uint32_t within, n = span_piece(span, &within), whole = span->length / size;
        length = 0;
        if (n == size && whole * size >= PAST_CACHE)
            length = run_past_cache(blocks + i, whole < count - i ? whole : count - i);
        if (length * size >= PAST_CACHE) {
            n = length * size;
            error = run_write_past(span, blocks[i], n);
        } else {
            length = 1;
            error = piece_write(span, blocks[i], fresh >> i & 1, within, n);
        }
        if (error == 0)
            span_advance(span, n);
    }
    return error;
}

int64_t content_write(ext2_ino_t number, struct ext2_inode *inode, uint64_t offset, rref_t buffer,
                      uint32_t start, uint32_t length)
{
    struct span span = {buffer, offset, start, length};
    while (span.length) {
        int64_t error = run_write(number, inode, &span);
        if (error < 0)
            return error;
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
