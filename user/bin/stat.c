// SPDX-License-Identifier: MIT
// stat: all that is known of a file. -L: of what a link leads to.
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include "mode.h"
#include "tool.h"

static void time_print(const char *title, const struct timespec *when)
{
    char text[32] = "";
    time_t seconds = when->tv_sec;
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime(&seconds));
    printf("%s: %s.%09ld\n", title, text, when->tv_nsec);
}

static void name_print(const char *path, const struct stat *info)
{
    char target[4096];
    ssize_t length = S_ISLNK(info->st_mode) ? readlink(path, target, sizeof target) : -1;
    printf("  File: %s", path);
    if (length >= 0)
        printf(" -> %.*s", (int)length, target);
    putchar('\n');
}

static void info_print(const char *path, const struct stat *info)
{
    char mode[MODE_TEXT];
    mode_format(info->st_mode, mode);
    name_print(path, info);
    printf("  Size: %-12ld Blocks: %-10ld IO block: %-6d %s\n", (long)info->st_size,
           (long)info->st_blocks, info->st_blksize, mode_kind(info->st_mode));
    printf("Device: %u,%-10u Inode: %-11lu Links: %u", major(info->st_dev), minor(info->st_dev),
           (unsigned long)info->st_ino, (unsigned)info->st_nlink);
    if (S_ISCHR(info->st_mode) || S_ISBLK(info->st_mode))
        printf("      Device type: %u,%u", major(info->st_rdev), minor(info->st_rdev));
    printf("\nAccess: (%04o/%s)  Uid: %u  Gid: %u\n", (unsigned)info->st_mode & 07777, mode,
           (unsigned)info->st_uid, (unsigned)info->st_gid);
    time_print("Access", &info->st_atim);
    time_print("Modify", &info->st_mtim);
    time_print("Change", &info->st_ctim);
}

int main(int argc, char **argv)
{
    bool follow = false;
    tool_begin("stat", "[-L] PATH...");
    while (tool_option(argc, argv, "L") >= 0)
        follow = true;
    if (optind == argc)
        tool_usage_error("no path given");
    for (int i = optind; i < argc; i++) {
        struct stat info;
        if ((follow ? stat : lstat)(argv[i], &info) < 0)
            tool_error(argv[i]);
        else
            info_print(argv[i], &info);
    }
    return tool_status();
}
