// SPDX-License-Identifier: MIT
// cmp: compares two files byte by byte. Exit status 0 equal, 1 different, 2 trouble. -s: says
// nothing.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "progress.h"
#include "tool.h"

/* Fills the buffer, short only at the end of the file. */
static size_t buffer_fill(int file, const char *path, char *buffer, size_t length)
{
    size_t filled = 0;
    while (filled < length) {
        ssize_t part = read(file, buffer + filled, length - filled);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0) {
            tool_error(path);
            exit(2);
        }
        if (part == 0)
            break;
        filled += (size_t)part;
    }
    return filled;
}

int main(int argc, char **argv)
{
    static char left[65536], right[65536];
    bool silent = false;
    tool_begin("cmp", "[-s] FILE FILE");
    while (tool_option(argc, argv, "s") >= 0)
        silent = true;
    if (argc - optind != 2)
        tool_usage_error("two files are needed");
    const char *a = argv[optind], *b = argv[optind + 1];
    int first = tool_open(a), second = tool_open(b);
    if (first < 0 || second < 0)
        return 2;
    progress_begin_file(a, first);
    for (unsigned long offset = 0, line = 1;;) {
        size_t lefts = buffer_fill(first, a, left, sizeof left);
        size_t rights = buffer_fill(second, b, right, sizeof right);
        size_t both = lefts < rights ? lefts : rights;
        for (size_t i = 0; i < both; i++, line += left[i - 1] == '\n') {
            if (left[i] == right[i])
                continue;
            progress_end();
            if (!silent)
                printf("%s %s differ: byte %lu, line %lu\n", a, b, offset + i + 1, line);
            return tool_status() | 1;
        }
        offset += both;
        progress_add(both);
        if (lefts == rights && lefts == sizeof left)
            continue;
        progress_end();
        if (lefts != rights && !silent)
            tool_complain(lefts < rights ? a : b, "ends after byte %lu", offset);
        return lefts != rights;
    }
}
