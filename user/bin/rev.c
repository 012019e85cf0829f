// SPDX-License-Identifier: MIT
// rev: each line from its end to its beginning. Letters of UTF-8 stay whole.
#include <unistd.h>
#include "lines.h"
#include "tool.h"

static void line_print(char *line, size_t length)
{
    for (size_t end = length, start = length; start > 0;) {
        start--;
        if (((unsigned char)line[start] & 0xC0) == 0x80 && start > 0)
            continue; /* a further byte of a letter */
        fwrite(line + start, 1, end - start, stdout);
        end = start;
    }
    putchar('\n');
}

static void file_print(int file, const char *path)
{
    lines_each(file, path, line_print);
}

int main(int argc, char **argv)
{
    tool_begin("rev", "[FILE]...");
    while (tool_option(argc, argv, "") >= 0)
        ;
    tool_each_file(argc, argv, file_print);
    return tool_status();
}
