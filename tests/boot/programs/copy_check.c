// SPDX-License-Identifier: MIT
// copy_check FOLDER: copy_file_range between files there, beside a model of what they hold; prints
// a line for each check that fails, and their number at the end. The same binary must find nothing
// on Linux, either.
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"

#define FILE_MAX 3000000
#define CASES    60

static unsigned chance(unsigned of)
{
    static unsigned long long seed = 1;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % of;
}

struct model {
    int file;
    off_t size;
    unsigned char *bytes; // FILE_MAX
};

static struct model from, to;
static unsigned char *got;

static void model_open(struct model *model, const char *name)
{
    model->file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    model->bytes = calloc(1, FILE_MAX);
    CHECK(model->file >= 0 && model->bytes);
}

// Bytes that no other place has, written so that some are in a cache only and some on the disk.
static void model_write(struct model *model, off_t at, size_t length)
{
    for (size_t i = 0; i < length; i++)
        model->bytes[at + (off_t)i] = (unsigned char)chance(256);
    CHECK(pwrite(model->file, model->bytes + at, length, at) == (ssize_t)length);
    if (at + (off_t)length > model->size)
        model->size = at + (off_t)length;
}

static bool model_holds(const struct model *model)
{
    struct stat info;
    return fstat(model->file, &info) == 0 && info.st_size == model->size &&
           pread(model->file, got, FILE_MAX, 0) == model->size &&
           memcmp(got, model->bytes, (size_t)model->size) == 0;
}

// All of it, in as many calls as it takes: a call may do less, but not nothing before the end.
static size_t copy_all(off_t *in, off_t *out, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t n = copy_file_range(from.file, in, to.file, out, length - done, 0);
        CHECK(n >= 0 && (size_t)n <= length - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done;
}

static void case_check(void)
{
    unsigned unit = chance(2) ? 4096 : 1;
    off_t in = chance((unsigned)from.size + 1) / unit * unit, out = chance(1000000) / unit * unit;
    size_t length = chance(4) ? chance(1900000) : chance(5000);
    size_t wanted = in + (off_t)length > from.size ? (size_t)(from.size - in) : length;
    bool own_in = chance(2), own_out = chance(2);
    off_t in_moves = in, out_moves = out;
    CHECK(lseek(from.file, own_in ? in : 7, SEEK_SET) >= 0);
    CHECK(lseek(to.file, own_out ? out : 9, SEEK_SET) >= 0);
    CHECK(copy_all(own_in ? NULL : &in_moves, own_out ? NULL : &out_moves, length) == wanted);
    CHECK(lseek(from.file, 0, SEEK_CUR) == (own_in ? in + (off_t)wanted : 7));
    CHECK(lseek(to.file, 0, SEEK_CUR) == (own_out ? out + (off_t)wanted : 9));
    CHECK(own_in || in_moves == in + (off_t)wanted);
    CHECK(own_out || out_moves == out + (off_t)wanted);
    memcpy(to.bytes + out, from.bytes + in, wanted);
    if (wanted && out + (off_t)wanted > to.size)
        to.size = out + (off_t)wanted;
    CHECK(model_holds(&to));
    if (chance(3) == 0)
        model_write(&from, chance(2500000), chance(400000) + 1);
    if (chance(6) == 0)
        sync();
}

// Within a file, what does not overlap.
static void within_check(void)
{
    off_t in = 0, out = 1000000;
    if (from.size < 500000)
        model_write(&from, 0, 500000);
    CHECK(copy_file_range(from.file, &in, from.file, &out, 300000, 0) == 300000);
    memcpy(from.bytes + 1000000, from.bytes, 300000);
    if (from.size < 1300000)
        from.size = 1300000;
    CHECK(model_holds(&from));
    in = 1000, out = 5000;
    FAILS(copy_file_range(from.file, &in, from.file, &out, 4001, 0), EINVAL);
    CHECK(in == 1000 && out == 5000);
    CHECK(copy_file_range(from.file, &in, from.file, &out, 4000, 0) == 4000);
    memcpy(from.bytes + 5000, from.bytes + 1000, 4000);
    FAILS(copy_file_range(from.file, NULL, from.file, NULL, 1, 0), EINVAL);
    CHECK(model_holds(&from));
}

static void refusals_check(const char *name)
{
    off_t before = -1, zero = 0;
    int ends[2], folder = open(".", O_RDONLY), nothing = open(name, O_RDONLY);
    int appends = open(name, O_WRONLY | O_APPEND);
    CHECK(pipe(ends) == 0 && folder >= 0 && nothing >= 0 && appends >= 0);
    FAILS(copy_file_range(from.file, &zero, to.file, NULL, 1, 1), EINVAL);
    FAILS(copy_file_range(from.file, &before, to.file, NULL, 1, 0), EINVAL);
    FAILS(copy_file_range(999, &zero, to.file, NULL, 1, 0), EBADF);
    FAILS(copy_file_range(from.file, &zero, -1, NULL, 1, 0), EBADF);
    FAILS(copy_file_range(from.file, &zero, nothing, NULL, 1, 0), EBADF);
    FAILS(copy_file_range(appends, &zero, to.file, NULL, 1, 0), EBADF);
    FAILS(copy_file_range(from.file, &zero, appends, NULL, 1, 0), EBADF);
    FAILS(copy_file_range(folder, &zero, to.file, NULL, 1, 0), EISDIR);
    FAILS(copy_file_range(ends[0], NULL, to.file, NULL, 1, 0), EINVAL);
    FAILS(copy_file_range(from.file, &zero, ends[1], NULL, 1, 0), EINVAL);
    FAILS(copy_file_range(from.file, (off_t *)8, to.file, NULL, 1, 0), EFAULT);
    CHECK(zero == 0 && copy_file_range(from.file, &zero, to.file, NULL, 0, 0) == 0);
    close(ends[0]), close(ends[1]), close(folder), close(nothing), close(appends);
}

int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) < 0)
        return 2;
    got = malloc(FILE_MAX);
    model_open(&from, "copy_from");
    model_open(&to, "copy_to");
    model_write(&from, 5000, 2000000);
    for (int i = 0; i < CASES; i++)
        case_check();
    within_check();
    refusals_check("copy_from");
    CHECK(model_holds(&from) && model_holds(&to));
    printf("copy_check: %d wrong\n", failures);
    return failures > 0;
}
