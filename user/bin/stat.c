// SPDX-License-Identifier: MIT
// stat: all that is known of a file. -L: of what a link leads to, -c: what a format asks for.
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include "mode.h"
#include "tool.h"

static const char *kind_find(const struct stat *info)
{
    return S_ISREG(info->st_mode) && info->st_size == 0 ? "regular empty file"
                                                        : mode_kind(info->st_mode);
}

static bool moment_print(const struct timespec *when)
{
    char text[32] = "";
    time_t seconds = when->tv_sec;
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime(&seconds));
    return printf("%s.%09ld +0000", text, when->tv_nsec) > 0;
}

static void time_print(const char *title, const struct timespec *when)
{
    printf("%s: ", title);
    moment_print(when);
    putchar('\n');
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
           (long)info->st_blocks, info->st_blksize, kind_find(info));
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

/* Users and groups have no names but one. */
static bool owner_print(unsigned number)
{
    return number == 0 ? printf("root") > 0 : printf("%u", number) > 0;
}

/* One letter of a format, as GNU's stat has them. False: there is no such letter. */
static bool field_print(char letter, const char *path, const struct stat *info)
{
    char mode[MODE_TEXT];
    switch (letter) {
    case 'n':
        return printf("%s", path) >= 0;
    case 's':
        return printf("%ld", (long)info->st_size) > 0;
    case 'a':
        return printf("%o", (unsigned)info->st_mode & 07777) > 0;
    case 'f':
        return printf("%x", (unsigned)info->st_mode) > 0;
    case 'A':
        mode_format(info->st_mode, mode);
        return printf("%s", mode) > 0;
    case 'F':
        return printf("%s", kind_find(info)) > 0;
    case 'i':
        return printf("%lu", (unsigned long)info->st_ino) > 0;
    case 'h':
        return printf("%u", (unsigned)info->st_nlink) > 0;
    case 'u':
        return printf("%u", (unsigned)info->st_uid) > 0;
    case 'g':
        return printf("%u", (unsigned)info->st_gid) > 0;
    case 'U':
        return owner_print((unsigned)info->st_uid);
    case 'G':
        return owner_print((unsigned)info->st_gid);
    case 'b':
        return printf("%ld", (long)info->st_blocks) > 0;
    case 'B':
        return printf("512") > 0;
    case 'o':
        return printf("%ld", (long)info->st_blksize) > 0;
    case 'd':
        return printf("%lu", (unsigned long)info->st_dev) > 0;
    case 'X':
        return printf("%ld", (long)info->st_atime) > 0;
    case 'Y':
        return printf("%ld", (long)info->st_mtime) > 0;
    case 'Z':
        return printf("%ld", (long)info->st_ctime) > 0;
    case 'x':
        return moment_print(&info->st_atim);
    case 'y':
        return moment_print(&info->st_mtim);
    case 'z':
        return moment_print(&info->st_ctim);
    case '%':
        return putchar('%') > 0;
    }
    return false;
}

static void format_print(const char *format, const char *path, const struct stat *info)
{
    for (const char *at = format; *at; at++) {
        if (*at != '%')
            putchar(*at);
        else if (!field_print(*++at, path, info) && !ferror(stdout))
            tool_usage_error("%s: it has %%%c, and there are %s", format, *at,
                             "n s a A f F i h u g U G b B o d x X y Y z Z %");
        if (!*at)
            break;
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    bool follow = false;
    const char *format = NULL;
    tool_begin("stat", "[-L] [-c FORMAT] PATH...");
    for (int letter; (letter = tool_option(argc, argv, "Lc:")) >= 0;) {
        follow |= letter == 'L';
        if (letter == 'c')
            format = optarg;
    }
    if (optind == argc)
        tool_usage_error("no path given");
    for (int i = optind; i < argc; i++) {
        struct stat info;
        if ((follow ? stat : lstat)(argv[i], &info) < 0)
            tool_error(argv[i]);
        else if (format)
            format_print(format, argv[i], &info);
        else
            info_print(argv[i], &info);
    }
    return tool_status();
}
