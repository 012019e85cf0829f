// SPDX-License-Identifier: MIT
// sync: writes to disk what is only in memory yet, and says which file system did not take it.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "mounts.h"
#include "tool.h"

/* sync() tells nobody how it went. */
static void mount_sync(const struct mount_line *line)
{
    int folder = open(line->path, O_RDONLY | O_DIRECTORY);
    if (folder < 0) {
        tool_complain(line->path, "%s", strerror(errno));
        sync();
        return;
    }
    if (syncfs(folder) < 0)
        tool_complain(line->path, "%s: what was written last is not on the disk", strerror(errno));
    close(folder);
}

int main(int argc, char **argv)
{
    tool_begin("sync", "");
    while (tool_option(argc, argv, "") >= 0)
        ;
    mounts_each(mount_sync);
    return tool_status();
}
