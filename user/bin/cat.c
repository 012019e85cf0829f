// SPDX-License-Identifier: MIT
// cat: copies files to stdout.
#include <errno.h>
#include <unistd.h>
#include "tool.h"

static void file_print(int file, const char *path)
{
    static char buffer[65536];
    ssize_t length;
    while ((length = read(file, buffer, sizeof buffer)) != 0) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0) {
            tool_error(path);
            return;
        }
        if (!tool_write(STDOUT_FILENO, buffer, (size_t)length))
            tool_fail("stdout");
    }
}

int main(int argc, char **argv)
{
    tool_begin("cat", "[FILE]...");
    while (tool_option(argc, argv, "u") >= 0)
        ; /* -u, unbuffered, is how it always works */
    tool_each_file(argc, argv, file_print);
    return tool_status();
}
