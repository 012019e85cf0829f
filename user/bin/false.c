// SPDX-License-Identifier: MIT
// false: does nothing, without success.
#include "tool.h"

int main(int argc, char **argv)
{
    tool_begin("false", "");
    tool_help_alone(argc, argv);
    return 1;
}
