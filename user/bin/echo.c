// SPDX-License-Identifier: MIT
// echo: prints its arguments. -n: without the newline. No escapes are interpreted.
#include <stdio.h>
#include <string.h>
#include "tool.h"

int main(int argc, char **argv)
{
    tool_begin("echo", "[-n] [TEXT]...");
    tool_help_alone(argc, argv);
    int first = 1, newline = 1;
    if (argc > 1 && strcmp(argv[1], "-n") == 0) {
        newline = 0;
        first = 2;
    }
    for (int i = first; i < argc; i++)
        printf(i > first ? " %s" : "%s", argv[i]);
    if (newline)
        putchar('\n');
    return tool_status();
}
