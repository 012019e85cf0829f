// SPDX-License-Identifier: MIT
// umount: takes a file system off its folder; the disk is complete then.
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include "mounts.h"
#include "tool.h"

static const char *wanted;
static char found[4096];

static void line_match(const struct mount_line *line)
{
    if (strcmp(line->source, wanted) == 0)
        snprintf(found, sizeof found, "%s", line->path);
}

/* A device may be named in place of its folder. */
static const char *folder_find(const char *name)
{
    wanted = name;
    found[0] = '\0';
    mounts_each(line_match);
    return found[0] ? found : name;
}

static const char *reason(void)
{
    switch (errno) {
    case EBUSY:
        return "in use: a file is open there, or it is somebody's current folder";
    case EINVAL:
        return "nothing that can be unmounted";
    default:
        return strerror(errno);
    }
}

/* What became of it where not all is on the disk. */
static const char *consequence(int flags)
{
    if (errno == EBUSY || errno == EINVAL || errno == ENOENT || errno == ENOTDIR)
        return "";
    return flags ? ": what the disk did not take is lost"
                 : ": not all could be written, it stays mounted (-f: give up the rest)";
}

int main(int argc, char **argv)
{
    int flags = 0;
    tool_begin("umount", "[-f] FOLDER|DEVICE...\n  -f  give up what the disk does not take");
    while (tool_option(argc, argv, "f") >= 0)
        flags = MNT_FORCE;
    if (optind == argc)
        tool_usage_error("no folder given");
    for (int i = optind; i < argc; i++)
        if (umount2(folder_find(argv[i]), flags) < 0)
            tool_complain(argv[i], "%s%s", reason(), consequence(flags));
    return tool_status();
}
