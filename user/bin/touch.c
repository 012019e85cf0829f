// SPDX-License-Identifier: MIT
// touch: makes empty files, and sets the times of those that are there to now. -c: makes none.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    int flags = O_WRONLY | O_CREAT;
    tool_begin("touch", "[-c] FILE...");
    while (tool_option(argc, argv, "c") >= 0)
        flags = 0;
    if (optind == argc)
        tool_usage_error("no file given");
    for (int i = optind; i < argc; i++) {
        if (utimensat(AT_FDCWD, argv[i], NULL, 0) == 0 || !flags)
            continue;
        int file = open(argv[i], flags, 0666);
        if (file < 0)
            tool_error(argv[i]);
        else
            close(file);
    }
    return tool_status();
}
