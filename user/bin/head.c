// SPDX-License-Identifier: MIT
// head: the first lines (-n, default 10) or bytes (-c) of files. -20 is short for -n 20.
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

static long limit = 10;
static bool by_bytes, with_titles;

/* How much of the buffer still belongs to the head; takes it off `left`. */
static size_t head_measure(const char *buffer, size_t length, long *left)
{
    if (by_bytes) {
        size_t part = length < (size_t)*left ? length : (size_t)*left;
        *left -= (long)part;
        return part;
    }
    for (size_t i = 0; i < length; i++)
        if (buffer[i] == '\n' && --*left == 0)
            return i + 1;
    return length;
}

static void file_print(int file, const char *path)
{
    char buffer[4096];
    ssize_t length = 1;
    if (with_titles) {
        static bool any;
        printf(any ? "\n==> %s <==\n" : "==> %s <==\n", path);
        any = true;
    }
    for (long left = limit; left > 0 && length > 0;) {
        length = read(file, buffer, sizeof buffer);
        if (length < 0 && errno == EINTR)
            length = 1;
        else if (length < 0)
            tool_error(path);
        else
            fwrite(buffer, 1, head_measure(buffer, (size_t)length, &left), stdout);
        tool_output_check();
    }
}

int main(int argc, char **argv)
{
    tool_begin("head", "[-n LINES | -c BYTES] [FILE]...");
    tool_short_count(argc, argv);
    for (int letter; (letter = tool_option(argc, argv, "n:c:")) >= 0;) {
        by_bytes = letter == 'c';
        if (!tool_number(optarg, 0, 1L << 62, &limit))
            tool_usage_error("%s: not a count", optarg);
    }
    with_titles = argc - optind > 1;
    tool_each_file(argc, argv, file_print);
    return tool_status();
}
