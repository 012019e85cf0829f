// SPDX-License-Identifier: MIT
// tail: the last lines (-n, default 10) or bytes (-c) of files. -20 is short for -n 20, and -n +20
// is all from line 20 on. The file is kept in memory from there, so a pipe is as good as a file.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

static long limit = 10;
static bool by_bytes, with_titles, from_start;

/* Where the last `limit` lines or bytes begin. */
static size_t tail_find(const char *text, size_t length)
{
    if (by_bytes)
        return length > (size_t)limit ? length - (size_t)limit : 0;
    if (limit == 0)
        return length;
    size_t start = length;
    for (long lines = 0; start > 0; start--)
        if (text[start - 1] == '\n' && start < length && ++lines == limit)
            break;
    return start;
}

/* Where line or byte number `limit` begins, counted from 1. */
static size_t rest_find(const char *text, size_t length)
{
    long skip = limit > 0 ? limit - 1 : 0;
    if (by_bytes)
        return (size_t)skip < length ? (size_t)skip : length;
    size_t start = 0;
    while (skip > 0 && start < length)
        skip -= text[start++] == '\n';
    return start;
}

static void file_print(int file, const char *path)
{
    char *text = NULL;
    size_t length = 0, room = 0;
    if (with_titles)
        printf("==> %s <==\n", path);
    for (ssize_t part = 1; part > 0; length += part > 0 ? (size_t)part : 0) {
        if (length == room && !(text = realloc(text, room = room ? 2 * room : 65536)))
            tool_fail(path);
        part = read(file, text + length, room - length);
        if (part < 0 && errno != EINTR)
            tool_error(path);
    }
    size_t start = from_start ? rest_find(text, length) : tail_find(text, length);
    fwrite(text + start, 1, length - start, stdout);
    free(text);
}

int main(int argc, char **argv)
{
    tool_begin("tail", "[-n [+]LINES | -c [+]BYTES] [FILE]...");
    tool_short_count(argc, argv);
    for (int letter; (letter = tool_option(argc, argv, "n:c:")) >= 0;) {
        by_bytes = letter == 'c';
        from_start = optarg[0] == '+';
        if (!tool_number(optarg + from_start, 0, 1L << 62, &limit))
            tool_usage_error("%s: not a count", optarg);
    }
    with_titles = argc - optind > 1;
    tool_each_file(argc, argv, file_print);
    return tool_status();
}
