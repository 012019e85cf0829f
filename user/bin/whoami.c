// SPDX-License-Identifier: MIT
// whoami: the name of the user, or its number where it has no name.
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    tool_begin("whoami", "");
    while (tool_option(argc, argv, "") >= 0)
        ;
    if (optind < argc)
        tool_usage_error("%s: not expected", argv[optind]);
    if (geteuid() == 0)
        puts("root");
    else
        printf("%u\n", (unsigned)geteuid());
    return tool_status();
}
