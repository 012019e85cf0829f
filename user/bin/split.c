// SPDX-License-Identifier: MIT
// split: cuts a file into files of so many lines (-l, 1000 if nothing is said) or bytes (-b),
// called PREFIX (x) and aa, ab ... -a: with so many letters, -d: with digits.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "progress.h"
#include "tool.h"

static const char *prefix = "x";
static long letters = 2, base = 26;
static int target = -1;
static char path[4096];

/* The next file. Letters are counted as digits of `base`. */
static void target_begin(void)
{
    static long number;
    size_t start = strlen(prefix);
    long rest = number++;
    if (start + (size_t)letters >= sizeof path) {
        tool_complain(prefix, "the path is too long");
        _exit(1);
    }
    strcpy(path, prefix);
    path[start + (size_t)letters] = 0;
    for (long i = letters - 1; i >= 0; i--, rest /= base)
        path[start + (size_t)i] = (char)((base == 10 ? '0' : 'a') + rest % base);
    if (rest > 0) {
        errno = EMFILE;
        tool_complain(prefix, "all names of %ld letters are used up (-a)", letters);
        _exit(1);
    }
    target = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (target < 0)
        tool_fail(path);
}

static void target_end(void)
{
    if (target >= 0 && close(target) < 0)
        tool_fail(path);
    target = -1;
}

/* How much of the bytes belongs to the file at hand, whose rest `left` becomes less by it. */
static size_t part_measure(const char *bytes, size_t length, bool by_bytes, long *left)
{
    if (by_bytes) {
        size_t part = length < (size_t)*left ? length : (size_t)*left;
        *left -= (long)part;
        return part;
    }
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == '\n' && --*left == 0)
            return i + 1;
    return length;
}

static void file_split(int file, const char *name, bool by_bytes, long limit)
{
    static char buffer[65536];
    long left = 0;
    progress_begin_file(name, file);
    for (ssize_t length; (length = read(file, buffer, sizeof buffer)) != 0;) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            tool_fail(name);
        progress_add((uint64_t)length);
        for (size_t at = 0, part; at < (size_t)length; at += part) {
            if (left == 0) {
                target_end();
                target_begin();
                left = limit;
            }
            part = part_measure(buffer + at, (size_t)length - at, by_bytes, &left);
            if (!tool_write(target, buffer + at, part))
                tool_fail(path);
        }
    }
    target_end();
    progress_end();
}

int main(int argc, char **argv)
{
    long limit = 1000;
    bool by_bytes = false;
    tool_begin("split", "[-l LINES | -b BYTES] [-a LETTERS] [-d] [FILE [PREFIX]]");
    for (int letter; (letter = tool_option(argc, argv, "l:b:a:d")) >= 0;) {
        if (letter == 'd')
            base = 10;
        else if (!tool_number(optarg, 1, letter == 'a' ? 9 : 1L << 40,
                              letter == 'a' ? &letters : &limit))
            tool_usage_error("%s: not a number that is possible", optarg);
        if (letter == 'l' || letter == 'b')
            by_bytes = letter == 'b';
    }
    if (argc - optind > 2)
        tool_usage_error("one file and one prefix");
    const char *name = optind < argc ? argv[optind] : "-";
    if (argc - optind == 2)
        prefix = argv[optind + 1];
    int file = tool_open(name);
    if (file >= 0)
        file_split(file, name, by_bytes, limit);
    return tool_status();
}
