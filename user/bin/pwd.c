// SPDX-License-Identifier: MIT
// pwd: the current folder.
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    char path[4096];
    tool_begin("pwd", "");
    while (tool_option(argc, argv, "LP") >= 0)
        ;
    if (!getcwd(path, sizeof path))
        tool_fail("current folder");
    puts(path);
    return tool_status();
}
