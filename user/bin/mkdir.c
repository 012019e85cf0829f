// SPDX-License-Identifier: MIT
// mkdir: makes folders. -p: their parents too, and no complaint about what is there already.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool.h"

static int folder_make(const char *path, bool may_exist)
{
    struct stat info;
    if (mkdir(path, 0777) == 0)
        return 0;
    int reason = errno;
    if (may_exist && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return 0;
    errno = reason;
    return tool_error(path);
}

static void parents_make(char *path)
{
    for (char *slash = path + 1; *slash && (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        int result = folder_make(path, true);
        *slash = '/';
        if (result < 0)
            return;
    }
    folder_make(path, true);
}

int main(int argc, char **argv)
{
    bool parents = false;
    tool_begin("mkdir", "[-p] FOLDER...");
    while (tool_option(argc, argv, "p") >= 0)
        parents = true;
    if (optind == argc)
        tool_usage_error("no folder given");
    for (int i = optind; i < argc; i++) {
        if (parents && *argv[i])
            parents_make(argv[i]);
        else
            folder_make(argv[i], false);
    }
    return tool_status();
}
