// SPDX-License-Identifier: MIT
// yes: prints a line, "y" if none is given, until nobody reads any more.
#include <stdlib.h>
#include "tool.h"

int main(int argc, char **argv)
{
    tool_begin("yes", "[TEXT]");
    tool_help_alone(argc, argv);
    while (puts(argc > 1 ? argv[1] : "y") >= 0)
        ;
    tool_fail("stdout");
}
