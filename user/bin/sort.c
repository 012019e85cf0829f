// SPDX-License-Identifier: MIT
// sort: the lines of all files in order. -n: by the number at the front, -r: backwards, -u: no line
// twice.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

static bool numeric, backwards, unique;
static char **lines;
static size_t count;

static int line_compare(const void *left, const void *right)
{
    const char *a = *(char *const *)left, *b = *(char *const *)right;
    long x = numeric ? strtol(a, NULL, 10) : 0, y = numeric ? strtol(b, NULL, 10) : 0;
    int order = x != y ? (x > y) - (x < y) : strcmp(a, b);
    return backwards ? -order : order;
}

static void file_read(int file, const char *path)
{
    FILE *stream = fdopen(dup(file), "r");
    char *line = NULL;
    size_t room = 0;
    if (!stream)
        tool_fail(path);
    for (ssize_t length; (length = getline(&line, &room, stream)) > 0;) {
        if (line[length - 1] == '\n')
            line[length - 1] = 0;
        if (count % 1024 == 0 && !(lines = realloc(lines, (count + 1024) * sizeof *lines)))
            tool_fail(path);
        if (!(lines[count++] = strdup(line)))
            tool_fail(path);
    }
    if (ferror(stream))
        tool_error(path);
    free(line);
    fclose(stream);
}

int main(int argc, char **argv)
{
    tool_begin("sort", "[-nru] [FILE]...");
    for (int letter; (letter = tool_option(argc, argv, "nru")) >= 0;) {
        numeric |= letter == 'n';
        backwards |= letter == 'r';
        unique |= letter == 'u';
    }
    tool_each_file(argc, argv, file_read);
    qsort(lines, count, sizeof *lines, line_compare);
    for (size_t i = 0; i < count; i++)
        if (!unique || i == 0 || strcmp(lines[i], lines[i - 1]) != 0)
            puts(lines[i]);
    return tool_status();
}
