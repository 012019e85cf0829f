// SPDX-License-Identifier: MIT
// dd: copies blocks. if= and of=: the files (stdin, stdout), bs=: bytes of a block (512), count=:
// so many blocks, skip= and seek=: blocks of the input and the output that are passed over,
// conv=notrunc: what is behind the copy stays, conv=fsync: it is on disk at the end, status=none:
// no words about it.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "progress.h"
#include "tool.h"

static const char *in_path = "-", *out_path = "-";
static long block_size = 512, most = -1, skip, seek;
static bool keeps_rest, syncs, silent;

static struct {
    unsigned long whole, partial;
} taken, given;

static void word_take(const char *word)
{
    static const struct {
        const char *name;
        long *value;
        long least;
    } numbers[] = {
        {"bs=", &block_size, 1}, {"count=", &most, 0}, {"skip=", &skip, 0}, {"seek=", &seek, 0}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t length = strlen(numbers[i].name);
        if (strncmp(word, numbers[i].name, length) != 0)
            continue;
        long high = i == 0 ? 1L << 28 : 1L << 40;
        if (!tool_number(word + length, numbers[i].least, high, numbers[i].value))
            tool_usage_error("%s: not a number that is possible", word);
        return;
    }
    if (strncmp(word, "if=", 3) == 0)
        in_path = word + 3;
    else if (strncmp(word, "of=", 3) == 0)
        out_path = word + 3;
    else if (strcmp(word, "conv=notrunc") == 0)
        keeps_rest = true;
    else if (strcmp(word, "conv=fsync") == 0)
        syncs = true;
    else if (strcmp(word, "status=none") == 0)
        silent = true;
    else
        tool_usage_error("%s: no such setting", word);
}

static int output_open(void)
{
    if (strcmp(out_path, "-") == 0)
        return STDOUT_FILENO;
    bool cuts = !keeps_rest && seek == 0;
    int file = open(out_path, O_WRONLY | O_CREAT | (cuts ? O_TRUNC : 0), 0666);
    if (file < 0)
        tool_fail(out_path);
    struct stat info;
    if (!keeps_rest && seek > 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode) &&
        ftruncate(file, seek * block_size) < 0)
        tool_fail(out_path);
    return file;
}

/* As much as a block, however many calls it takes, so that count= counts whole ones: a pipe, or a
   device, gives less at a time. What came before an error is kept. */
static ssize_t block_read(int file, char *block)
{
    ssize_t filled = 0;
    while (filled < block_size) {
        ssize_t length = read(file, block + filled, (size_t)(block_size - filled));
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return filled ? filled : -1;
        if (length == 0)
            break;
        filled += length;
    }
    return filled;
}

/* A pipe is read to where a file would be moved to. */
static void input_skip(int file, char *block)
{
    struct stat info;
    if (skip == 0)
        return;
    if (fstat(file, &info) == 0 && !S_ISFIFO(info.st_mode) &&
        lseek(file, skip * block_size, SEEK_CUR) >= 0)
        return;
    for (long i = 0; i < skip; i++)
        if (block_read(file, block) <= 0)
            return;
}

/* How many bytes that were. */
static unsigned long blocks_copy(int in, int out, char *block)
{
    unsigned long bytes = 0;
    for (long i = 0; most < 0 || i < most; i++) {
        ssize_t length = block_read(in, block);
        if (length < 0)
            tool_error(in_path);
        if (length <= 0)
            break;
        length == block_size ? taken.whole++ : taken.partial++;
        size_t done = tool_write_most(out, block, (size_t)length);
        if (done)
            (long)done == block_size ? given.whole++ : given.partial++;
        bytes += done;
        progress_add(done);
        if (done < (size_t)length) {
            tool_error(out_path);
            break;
        }
    }
    return bytes;
}

static void result_tell(const struct timespec *start, unsigned long bytes)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    unsigned long ms = (unsigned long)(now.tv_sec - start->tv_sec) * 1000 +
                       (unsigned long)(now.tv_nsec / 1000000 - start->tv_nsec / 1000000);
    unsigned long rate = bytes / (ms ? ms : 1) * 1000 / 1024;
    fprintf(stderr, "%lu+%lu records in\n%lu+%lu records out\n", taken.whole, taken.partial,
            given.whole, given.partial);
    fprintf(stderr, "%lu bytes copied, %lu.%03lu s, %lu KiB/s\n", bytes, ms / 1000, ms % 1000,
            rate);
}

int main(int argc, char **argv)
{
    struct timespec start;
    tool_begin("dd", "[if=FILE] [of=FILE] [bs=BYTES] [count=N] [skip=N] [seek=N] [conv=notrunc]\n"
                     "          [conv=fsync] [status=none]");
    tool_help_alone(argc, argv);
    for (int i = 1; i < argc; i++)
        word_take(argv[i]);
    char *block = malloc((size_t)block_size);
    if (!block)
        tool_fail("memory");
    int in = tool_open(in_path), out = in < 0 ? -1 : output_open();
    if (in < 0)
        return tool_status();
    if (seek > 0 && lseek(out, seek * block_size, SEEK_CUR) < 0)
        tool_fail(out_path);
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (most >= 0)
        progress_begin("dd", PROGRESS_BYTES, (uint64_t)most * (uint64_t)block_size);
    else
        progress_begin_file("dd", in);
    input_skip(in, block);
    unsigned long bytes = blocks_copy(in, out, block);
    progress_end();
    if ((syncs && fsync(out) < 0) || close(out) < 0)
        tool_error(out_path);
    if (!silent)
        result_tell(&start, bytes);
    return tool_status();
}
