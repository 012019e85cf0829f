// SPDX-License-Identifier: MIT
// The targets that are block devices. Scratch devices are written with blocks that describe
// themselves; of the disk that others use, blocks are read and compared with what they held first.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "block.h"
#include "file_at.h"
#include "target.h"

#define BLOCK_BYTES 4096
#define BLOCKS      64

enum { GENERATION_UNKNOWN = 0 };

struct device {
    const char *path;
    int file;
    uint32_t generation[BLOCKS]; /* of the last write, or unknown after one that failed */
};

static enum outcome device_write(struct device *device, unsigned block, uint32_t generation)
{
    static char bytes[BLOCK_BYTES];
    long offset = (long)block * BLOCK_BYTES;
    block_fill(bytes, sizeof bytes, (uint64_t)offset, generation, 1);
    device->generation[block] = GENERATION_UNKNOWN;
    long done = file_write_at(device->file, bytes, sizeof bytes, offset);
    if (done == BLOCK_BYTES)
        device->generation[block] = generation;
    return answer_judge(done, done == BLOCK_BYTES, "write of block", block, NULL);
}

static enum outcome device_read(struct device *device, unsigned block)
{
    static uint64_t words[BLOCK_BYTES / 8];
    long offset = (long)block * BLOCK_BYTES;
    long done = file_read_at(device->file, words, sizeof words, offset);
    bool right = done == BLOCK_BYTES &&
                 block_check(words, sizeof words, (uint64_t)offset, device->generation[block], 1);
    return answer_judge(done, right, "read of block", block, words);
}

static enum outcome device_request(struct device *device, uint64_t random)
{
    unsigned block = (unsigned)(random >> 32) % BLOCKS;
    if (random & 1 || device->generation[block] == GENERATION_UNKNOWN)
        return device_write(device, block, (uint32_t)(random >> 16) | 1);
    return device_read(device, block);
}

static bool device_fill(struct device *device)
{
    for (unsigned block = 0; block < BLOCKS; block++)
        if (device_write(device, block, 1) != OUTCOME_RIGHT)
            return false;
    return true;
}

/* ---- nullblk ---- */

static struct device null_block = {"/dev/nullb0", -1, {0}};

bool null_block_open(void)
{
    return file_reopen(&null_block.file, null_block.path, O_RDWR);
}

bool null_block_fill(void)
{
    return device_fill(&null_block);
}

enum outcome null_block_request(uint64_t random)
{
    return device_request(&null_block, random);
}

enum outcome null_block_check(unsigned block)
{
    return device_read(&null_block, block % BLOCKS);
}

/* ---- blk1: a second disk that nobody else uses ---- */

static struct device scratch = {"/dev/vdb", -1, {0}};

bool scratch_open(void)
{
    return file_reopen(&scratch.file, scratch.path, O_RDWR);
}

bool scratch_fill(void)
{
    return device_fill(&scratch);
}

enum outcome scratch_request(uint64_t random)
{
    return device_request(&scratch, random);
}

void scratch_forget(void)
{
    memset(scratch.generation, GENERATION_UNKNOWN, sizeof scratch.generation);
}

/* ---- blk: the system's disk, read only, at its end: what is at its start may change ---- */

static int disk = -1;
static long disk_start;
static char disk_held[BLOCKS][BLOCK_BYTES];

bool disk_open(void)
{
    return file_reopen(&disk, "/dev/vda", O_RDONLY);
}

bool disk_fill(void)
{
    long size = lseek(disk, 0, SEEK_END);
    disk_start = size > BLOCKS * BLOCK_BYTES ? (size / BLOCK_BYTES - BLOCKS) * BLOCK_BYTES : 0;
    for (unsigned block = 0; block < BLOCKS; block++)
        if (file_read_at(disk, disk_held[block], BLOCK_BYTES,
                         disk_start + (long)block * BLOCK_BYTES) != BLOCK_BYTES)
            return false;
    return true;
}

enum outcome disk_request(uint64_t random)
{
    static char bytes[BLOCK_BYTES];
    unsigned block = (unsigned)(random >> 32) % BLOCKS;
    long done = file_read_at(disk, bytes, BLOCK_BYTES, disk_start + (long)block * BLOCK_BYTES);
    bool right = done == BLOCK_BYTES && memcmp(bytes, disk_held[block], BLOCK_BYTES) == 0;
    return answer_judge(done, right, "read of block", block, bytes);
}
