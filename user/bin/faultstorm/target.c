// SPDX-License-Identifier: MIT
// The targets that are no block devices: /dev/empty, the console, files, /dev itself and /proc.
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include "block.h"
#include "file_at.h"
#include "tool.h"

#define PIECE 256

static bool all_are(const unsigned char *bytes, long count, unsigned char value)
{
    for (long i = 0; i < count; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

/* ---- null: /dev/empty gives the byte of the version that serves ---- */

static int empty_file = -1;
static unsigned char empty_byte;

bool empty_open(void)
{
    return file_reopen(&empty_file, "/dev/empty", O_RDONLY);
}

bool empty_fill(void)
{
    return file_read_at(empty_file, &empty_byte, 1, 0) == 1;
}

enum outcome empty_request(uint64_t random)
{
    unsigned char bytes[PIECE];
    long wanted = 1 + (long)(random % PIECE);
    long length = file_read_at(empty_file, bytes, (unsigned long)wanted, 0);
    return answer_judge(length, length == wanted && all_are(bytes, length, empty_byte),
                        "read of bytes", (uint64_t)wanted, bytes);
}

/* ---- console: its settings stay as they are ---- */

static int console_file = -1;
static struct termios console_settings;

static bool console_open(void)
{
    return file_reopen(&console_file, "/dev/console", O_RDWR | O_NOCTTY);
}

static bool console_fill(void)
{
    return tcgetattr(console_file, &console_settings) == 0;
}

static int settings_ask(struct termios *now)
{
    int result;
    do
        result = tcgetattr(console_file, now);
    while (result < 0 && errno == EINTR);
    return result;
}

static enum outcome console_request(uint64_t random)
{
    struct termios now;
    (void)random;
    int result = settings_ask(&now);
    bool right = now.c_lflag == console_settings.c_lflag &&
                 now.c_iflag == console_settings.c_iflag &&
                 memcmp(now.c_cc, console_settings.c_cc, sizeof now.c_cc) == 0;
    return answer_judge(result, right, "settings of", 0, &now);
}

/* ---- ramfs: a file whose blocks describe themselves ---- */

#define FILE_PATH   "/tmp/faultstorm"
#define FILE_BLOCKS 32
#define BLOCK_BYTES 1024

static int data_file = -1;
static uint32_t data_generation[FILE_BLOCKS];

bool data_open(void)
{
    return file_reopen(&data_file, FILE_PATH, O_RDWR | O_CREAT);
}

static enum outcome data_write(unsigned block)
{
    char bytes[BLOCK_BYTES];
    uint32_t generation = data_generation[block] + 1;
    long offset = (long)block * BLOCK_BYTES;
    block_fill(bytes, sizeof bytes, (uint64_t)offset, generation, 0);
    data_generation[block] = 0; /* half done until it is known to be done */
    long done = file_write_at(data_file, bytes, sizeof bytes, offset);
    if (done == BLOCK_BYTES)
        data_generation[block] = generation;
    return answer_judge(done, done == BLOCK_BYTES, "write of block", block, NULL);
}

static enum outcome data_read(unsigned block)
{
    uint64_t words[BLOCK_BYTES / 8] = {0};
    char *bytes = (char *)words;
    long offset = (long)block * BLOCK_BYTES;
    long done = file_read_at(data_file, bytes, BLOCK_BYTES, offset);
    bool right = done == BLOCK_BYTES &&
                 block_check(bytes, BLOCK_BYTES, (uint64_t)offset, data_generation[block], 0);
    return answer_judge(done, right, "read of block", block, words);
}

static enum outcome data_request(uint64_t random)
{
    unsigned block = (unsigned)(random >> 8) % FILE_BLOCKS;
    return random & 1 || !data_generation[block] ? data_write(block) : data_read(block);
}

enum outcome data_check(unsigned block)
{
    return data_read(block % FILE_BLOCKS);
}

bool data_fill(void)
{
    for (unsigned block = 0; block < FILE_BLOCKS; block++)
        if (data_write(block) != OUTCOME_RIGHT)
            return false;
    return true;
}

static enum outcome data_stat(uint64_t random)
{
    struct stat stat_now = {0};
    (void)random;
    int result = stat(FILE_PATH, &stat_now);
    return answer_judge(result, stat_now.st_size == FILE_BLOCKS * BLOCK_BYTES,
                        "stat of a file of size", FILE_BLOCKS * BLOCK_BYTES, &stat_now.st_size);
}

/* ---- devfs: its own devices, and what it says of them ---- */

static int zero_file = -1;

static bool zero_open(void)
{
    return file_reopen(&zero_file, "/dev/zero", O_RDWR);
}

static enum outcome devfs_stat(uint64_t random)
{
    struct stat found = {0};
    (void)random;
    int result = stat("/dev/null", &found);
    return answer_judge(result, S_ISCHR(found.st_mode) && found.st_ino != 0, "stat of /dev/null", 0,
                        &found.st_ino);
}

static enum outcome devfs_request(uint64_t random)
{
    unsigned char bytes[PIECE];
    if (random % 8 == 0)
        return devfs_stat(random);
    memset(bytes, 0xff, sizeof bytes);
    long length = file_read_at(zero_file, bytes, sizeof bytes, 0);
    return answer_judge(length, length == PIECE && all_are(bytes, length, 0), "read of zeros",
                        PIECE, bytes);
}

/* ---- procfs: what does not change, and a clock that does not go back ---- */

static int uptime_file = -1, mounts_file = -1;
static char mounts_text[PIECE];
static long mounts_length;
static double uptime_last;

static bool proc_open(void)
{
    return file_reopen(&uptime_file, "/proc/uptime", O_RDONLY) &&
           file_reopen(&mounts_file, "/proc/mounts", O_RDONLY);
}

static bool proc_fill(void)
{
    mounts_length = file_read_at(mounts_file, mounts_text, sizeof mounts_text, 0);
    return mounts_length > 0;
}

static enum outcome uptime_request(void)
{
    char text[64];
    long length = file_read_at(uptime_file, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    double uptime = strtod(text, NULL);
    bool right = length > 0 && uptime >= uptime_last;
    uptime_last = right ? uptime : uptime_last;
    return answer_judge(length, right, "read of /proc/uptime", 0, text);
}

static enum outcome proc_request(uint64_t random)
{
    char text[PIECE];
    if (random & 1)
        return uptime_request();
    long length = file_read_at(mounts_file, text, sizeof text, 0);
    bool right = length == mounts_length && memcmp(text, mounts_text, (size_t)length) == 0;
    return answer_judge(length, right, "read of /proc/mounts, bytes", (uint64_t)mounts_length,
                        text);
}

static enum outcome proc_stat(uint64_t random)
{
    struct stat found = {0};
    (void)random;
    int result = stat("/proc/uptime", &found);
    return answer_judge(result, S_ISREG(found.st_mode), "stat of /proc/uptime", 0, &found.st_ino);
}

const struct target targets[] = {
    {"null", "/dev/empty", NULL, true, empty_open, empty_fill, empty_request, NULL, 1, false},
    {"nullblk", "/dev/nullb0", NULL, true, null_block_open, null_block_fill, null_block_request,
     NULL, 1, false},
    {"blk", "/dev/vda", NULL, true, disk_open, disk_fill, disk_request, NULL, 1, false},
    {"blk1", "/dev/vdb", "blk", true, scratch_open, scratch_fill, scratch_request, NULL, 1, false},
    {"console", "/dev/console", NULL, false, console_open, console_fill, console_request, NULL, 1,
     false},
    {"ramfs", "/tmp", NULL, false, data_open, data_fill, data_request, data_stat, 1, false},
    {"devfs", "/dev/zero", NULL, false, zero_open, NULL, devfs_request, devfs_stat, 1, true},
    {"procfs", "/proc/uptime", NULL, false, proc_open, proc_fill, proc_request, proc_stat, 1,
     false},
};
const unsigned target_count = sizeof targets / sizeof *targets;
