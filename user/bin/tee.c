// SPDX-License-Identifier: MIT
// tee: copies stdin to stdout and to files. -a: at their end.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    char buffer[4096];
    int flags = O_TRUNC;
    tool_begin("tee", "[-a] [FILE]...");
    while (tool_option(argc, argv, "a") >= 0)
        flags = O_APPEND;
    int *files = calloc((size_t)argc + 1, sizeof *files);
    if (!files)
        tool_fail("memory");
    files[argc] = STDOUT_FILENO;
    for (int i = optind; i < argc; i++)
        if ((files[i] = open(argv[i], O_WRONLY | O_CREAT | flags, 0666)) < 0)
            tool_error(argv[i]);
    for (ssize_t length; (length = read(STDIN_FILENO, buffer, sizeof buffer)) != 0;) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            tool_fail("stdin");
        for (int i = optind; i <= argc; i++)
            if (files[i] >= 0 && !tool_write(files[i], buffer, (size_t)length)) {
                tool_error(i < argc ? argv[i] : "stdout");
                files[i] = -1;
            }
    }
    return tool_status();
}
