// SPDX-License-Identifier: MIT
// rmdir: deletes empty folders. -p: and the parents that are named, as long as they are empty too.
#include <string.h>
#include <unistd.h>
#include "tool.h"

/* Cuts the last name off. False: there is none before it. */
static bool parent_cut(char *path)
{
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 0 && path[length - 1] == '/')
        length--;
    path[length] = 0;
    return length > 0;
}

int main(int argc, char **argv)
{
    bool parents = false;
    tool_begin("rmdir", "[-p] FOLDER...");
    while (tool_option(argc, argv, "p") >= 0)
        parents = true;
    if (optind == argc)
        tool_usage_error("no folder given");
    for (int i = optind; i < argc; i++) {
        do {
            if (rmdir(argv[i]) < 0) {
                tool_error(argv[i]);
                break;
            }
        } while (parents && parent_cut(argv[i]));
    }
    return tool_status();
}
