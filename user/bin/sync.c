// SPDX-License-Identifier: MIT
// sync: writes to disk what is only in memory yet.
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    tool_begin("sync", "");
    while (tool_option(argc, argv, "") >= 0)
        ;
    sync();
    return 0;
}
