// SPDX-License-Identifier: MIT
// poweroff: writes back what is not on disk yet and powers the machine off.
#include <bulkhead.h>
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    long status = 0;
    tool_begin("poweroff", "[STATUS]");
    while (tool_option(argc, argv, "f") >= 0)
        ;
    if (argc - optind > 1 || (optind < argc && !tool_number(argv[optind], 0, 255, &status)))
        tool_usage_error("STATUS is a number from 0 to 255, QEMU's exit status");
    sync();
    poweroff((int)status);
    tool_fail("power off");
}
