// SPDX-License-Identifier: MIT
// clear: empties the screen.
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    tool_begin("clear", "");
    while (tool_option(argc, argv, "") >= 0)
        ;
    if (optind < argc)
        tool_usage_error("%s: not expected", argv[optind]);
    printf("\033[H\033[2J");
    return tool_status();
}
