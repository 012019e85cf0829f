// SPDX-License-Identifier: MIT
// dirname: paths without their last name; . where there is nothing before it.
#include <string.h>
#include <unistd.h>
#include "tool.h"

static void folder_print(const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length)
        printf("%.*s\n", (int)length, path);
    else
        puts(".");
}

int main(int argc, char **argv)
{
    tool_begin("dirname", "PATH...");
    while (tool_option(argc, argv, "") >= 0)
        ;
    if (optind == argc)
        tool_usage_error("no path given");
    for (int i = optind; i < argc; i++)
        folder_print(argv[i]);
    return tool_status();
}
