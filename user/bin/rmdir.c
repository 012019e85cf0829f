// SPDX-License-Identifier: MIT
// rmdir: deletes empty folders.
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    tool_begin("rmdir", "FOLDER...");
    while (tool_option(argc, argv, "") >= 0)
        ;
    if (optind == argc)
        tool_usage_error("no folder given");
    for (int i = optind; i < argc; i++)
        if (rmdir(argv[i]) < 0)
            tool_error(argv[i]);
    return tool_status();
}
