// SPDX-License-Identifier: MIT
// ln: gives a file a second name. -s: a symbolic link, -f: in place of what has that name.
#include <unistd.h>
#include "copy.h"
#include "tool.h"

static bool symbolic, force;

static void name_make(const char *target, const char *path)
{
    if (force)
        unlink(path);
    if ((symbolic ? symlink : link)(target, path) < 0)
        tool_error(path);
}

int main(int argc, char **argv)
{
    tool_begin("ln", "[-sf] TARGET NAME, or ln [-sf] TARGET... FOLDER");
    for (int letter; (letter = tool_option(argc, argv, "sf")) >= 0;) {
        symbolic |= letter == 's';
        force |= letter == 'f';
    }
    copy_operands(argc, argv, name_make);
    return tool_status();
}
