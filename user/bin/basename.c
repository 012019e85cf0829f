// SPDX-License-Identifier: MIT
// basename: a path without its folders, and without SUFFIX at its end. -a: of each path, -s: that
// suffix, of each.
#include <string.h>
#include <unistd.h>
#include "tool.h"

static void name_print(const char *path, const char *suffix)
{
    size_t end = strlen(path), length = strlen(suffix);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    if (start == end && end > 0)
        start = end - 1; /* the root */
    if (end - start > length && memcmp(path + end - length, suffix, length) == 0)
        end -= length;
    printf("%.*s\n", (int)(end - start), path + start);
}

int main(int argc, char **argv)
{
    const char *suffix = NULL;
    bool all = false;
    tool_begin("basename", "PATH [SUFFIX], or basename -a [-s SUFFIX] PATH...");
    for (int letter; (letter = tool_option(argc, argv, "as:")) >= 0;) {
        all = true;
        if (letter == 's')
            suffix = optarg;
    }
    int count = argc - optind;
    if (count < 1 || (!all && count > 2))
        tool_usage_error(count < 1 ? "no path given" : "one path and one suffix, or -a");
    if (!all && count == 2)
        suffix = argv[--argc];
    for (int i = optind; i < argc; i++)
        name_print(argv[i], suffix ? suffix : "");
    return tool_status();
}
