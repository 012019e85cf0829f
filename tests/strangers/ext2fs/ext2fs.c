// SPDX-License-Identifier: MIT
// libext2fs in a domain: as it starts, it makes an ext2 file system in its own memory, closes it,
// opens it again, and reads back a file of many blocks that it has written into a new directory.
#include <config.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include "domain.h"

#include <stdlib.h>
#include <unistd.h>

#define BLOCK      1024
#define BLOCKS     4096
#define FILE_BYTES 300000 // needs indirect blocks

static uint8_t disk[BLOCKS * BLOCK];

// ---- The io_manager: a disk in memory ----

static struct struct_io_manager memory_manager;

static errcode_t memory_open(const char *name, int flags, io_channel *out)
{
    io_channel channel = calloc(1, sizeof *channel);
    (void)flags;
    if (!channel)
        return EXT2_ET_NO_MEMORY;
    channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    channel->manager = &memory_manager;
    channel->name = strdup(name);
    channel->block_size = BLOCK;
    channel->refcount = 1;
    *out = channel;
    return 0;
}

static errcode_t memory_close(io_channel channel)
{
    if (--channel->refcount > 0)
        return 0;
    free(channel->name);
    free(channel);
    return 0;
}

static errcode_t memory_block_size(io_channel channel, int bytes)
{
    channel->block_size = bytes;
    return 0;
}

// COUNT is in blocks, or in bytes where it is negative.
static uint8_t *memory_range(io_channel channel, unsigned long long block, int count, size_t *bytes)
{
    uint64_t place = block * (uint64_t)channel->block_size;
    *bytes = count < 0 ? (size_t)-count : (size_t)count * (size_t)channel->block_size;
    return place <= sizeof disk && *bytes <= sizeof disk - place ? disk + place : NULL;
}

static errcode_t memory_read(io_channel channel, unsigned long long block, int count, void *data)
{
    size_t bytes;
    uint8_t *range = memory_range(channel, block, count, &bytes);
    if (!range)
        return EXT2_ET_SHORT_READ;
    memcpy(data, range, bytes);
    return 0;
}

static errcode_t memory_write(io_channel channel, unsigned long long block, int count,
                              const void *data)
{
    size_t bytes;
    uint8_t *range = memory_range(channel, block, count, &bytes);
    if (!range)
        return EXT2_ET_SHORT_WRITE;
    memcpy(range, data, bytes);
    return 0;
}

static errcode_t memory_read_short(io_channel channel, unsigned long block, int count, void *data)
{
    return memory_read(channel, block, count, data);
}

static errcode_t memory_write_short(io_channel channel, unsigned long block, int count,
                                    const void *data)
{
    return memory_write(channel, block, count, data);
}

static errcode_t memory_flush(io_channel channel)
{
    (void)channel;
    return 0;
}

static struct struct_io_manager memory_manager = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "memory",
    .open = memory_open,
    .close = memory_close,
    .set_blksize = memory_block_size,
    .read_blk = memory_read_short,
    .write_blk = memory_write_short,
    .read_blk64 = memory_read,
    .write_blk64 = memory_write,
    .flush = memory_flush,
};

// ---- The file system ----

static errcode_t file_system_make(void)
{
    struct ext2_super_block parameters = {.s_inodes_count = 128, .s_rev_level = 1};
    ext2_filsys fs;
    ext2fs_blocks_count_set(&parameters, BLOCKS);
    parameters.s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE;
    errcode_t error =
        ext2fs_initialize("disk", EXT2_FLAG_64BITS, &parameters, &memory_manager, &fs);
    if (!error)
        error = ext2fs_allocate_tables(fs);
    if (!error)
        error = ext2fs_mkdir(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, NULL);
    if (!error)
        error = ext2fs_mkdir(fs, EXT2_ROOT_INO, 0, "folder");
    return error ? error : ext2fs_close(fs);
}

static uint8_t byte_at(uint32_t place)
{
    return (uint8_t)(place * 2654435761u >> 24);
}

static errcode_t file_make(ext2_filsys fs, ext2_ino_t *number)
{
    struct ext2_inode inode = {.i_mode = LINUX_S_IFREG | 0644, .i_links_count = 1};
    ext2_ino_t folder;
    errcode_t error = ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, "/folder", &folder);
    if (!error)
        error = ext2fs_new_inode(fs, folder, inode.i_mode, NULL, number);
    if (!error)
        error = ext2fs_link(fs, folder, "file", *number, EXT2_FT_REG_FILE);
    if (error)
        return error;
    ext2fs_inode_alloc_stats2(fs, *number, 1, 0);
    return ext2fs_write_new_inode(fs, *number, &inode);
}

// Moves all bytes of the file, written or read and compared.
static errcode_t file_move(ext2_filsys fs, ext2_ino_t number, bool write)
{
    uint8_t piece[1000];
    ext2_file_t file;
    errcode_t error = ext2fs_file_open(fs, number, write ? EXT2_FILE_WRITE : 0, &file);
    for (uint32_t done = 0; !error && done < FILE_BYTES; done += sizeof piece) {
        unsigned int moved = 0;
        for (uint32_t i = 0; i < sizeof piece; i++)
            piece[i] = write ? byte_at(done + i) : 0;
        error = write ? ext2fs_file_write(file, piece, sizeof piece, &moved)
                      : ext2fs_file_read(file, piece, sizeof piece, &moved);
        for (uint32_t i = 0; !error && i < moved; i++)
            error = piece[i] == byte_at(done + i) ? 0 : EXT2_ET_SHORT_READ;
        if (!error && moved != sizeof piece)
            error = EXT2_ET_SHORT_READ;
    }
    if (error)
        return error;
    return ext2fs_file_close(file);
}

static errcode_t file_write(void)
{
    ext2_filsys fs;
    ext2_ino_t number;
    errcode_t error = ext2fs_open("disk", EXT2_FLAG_RW, 0, 0, &memory_manager, &fs);
    if (!error)
        error = ext2fs_read_bitmaps(fs);
    if (!error)
        error = file_make(fs, &number);
    if (!error)
        error = file_move(fs, number, true);
    return error ? error : ext2fs_close(fs);
}

static errcode_t file_check(void)
{
    ext2_filsys fs;
    ext2_ino_t number;
    errcode_t error = ext2fs_open("disk", 0, 0, 0, &memory_manager, &fs);
    if (!error)
        error = ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, "/folder/file", &number);
    if (!error)
        error = file_move(fs, number, false);
    return error ? error : ext2fs_close(fs);
}

int64_t domain_init(void)
{
    errcode_t made = file_system_make(), written = made ? 0 : file_write();
    errcode_t checked = made || written ? 0 : file_check();
    log_printf("ext2fs: made %ld, written %ld, read back %ld", made, written, checked);
    return made || written || checked ? -EIO : 0;
}
