// SPDX-License-Identifier: MIT
// tty: the name of the terminal that stdin is. -s: only whether it is one, as the status.
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    bool silent = false;
    tool_begin("tty", "[-s]");
    while (tool_option(argc, argv, "s") >= 0)
        silent = true;
    if (optind < argc)
        tool_usage_error("%s: not expected", argv[optind]);
    const char *name = ttyname(STDIN_FILENO);
    if (!silent)
        puts(name ? name : "not a tty");
    return tool_status() || !name;
}
