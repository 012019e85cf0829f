// SPDX-License-Identifier: MIT
// which: the files that commands stand for, by PATH. -a: all of them, not only the first. What the
// shell does itself has no file: `type NAME` tells of that.
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool.h"

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* Prints the first, or all, in the folders of `folders`. False: there is none. */
static bool program_print(const char *name, const char *folders, bool all)
{
    bool found = false;
    if (strchr(name, '/')) {
        if (is_program(name))
            puts(name);
        return is_program(name);
    }
    for (;;) {
        char path[4096];
        size_t length = strcspn(folders, ":");
        int written = snprintf(path, sizeof path, "%.*s/%s", length ? (int)length : 1,
                               length ? folders : ".", name);
        if (written < (int)sizeof path && is_program(path) && (all || !found)) {
            puts(path);
            found = true;
        }
        if (!folders[length])
            return found;
        folders += length + 1;
    }
}

int main(int argc, char **argv)
{
    bool all = false, missing = false;
    const char *folders = getenv("PATH");
    tool_begin("which", "[-a] NAME...");
    while (tool_option(argc, argv, "a") >= 0)
        all = true;
    if (optind == argc)
        tool_usage_error("no name given");
    for (int i = optind; i < argc; i++)
        missing |= !program_print(argv[i], folders ? folders : "/bin", all);
    return tool_status() || missing;
}
