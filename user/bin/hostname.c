// SPDX-License-Identifier: MIT
// hostname: the machine's name.
#include <sys/utsname.h>
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    struct utsname info;
    tool_begin("hostname", "");
    while (tool_option(argc, argv, "s") >= 0)
        ;
    if (optind < argc)
        tool_usage_error("%s: the name cannot be changed", argv[optind]);
    if (uname(&info) < 0)
        tool_fail("uname");
    puts(info.nodename);
    return tool_status();
}
