// SPDX-License-Identifier: MIT
// df: how full the file systems are, all of them or those that the paths are on. -h: sizes as 4.0M,
// -k: in KiB (the default), -i: how many files there is room for instead.
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "mounts.h"
#include "size.h"
#include "tool.h"

static bool inodes, human;
static const char *wanted; /* a path, or NULL: all file systems */
static dev_t device;       /* of that path */
static bool found;

static void size_text(unsigned long bytes, char *text, size_t room)
{
    if (human)
        size_format(bytes, text);
    else
        snprintf(text, room, "%lu", bytes / 1024);
}

static void row_print(const char *source, const struct statfs *numbers, const char *path)
{
    unsigned long unit = inodes ? (human ? 1 : 1024) : (unsigned long)numbers->f_bsize;
    unsigned long total = inodes ? numbers->f_files : numbers->f_blocks;
    unsigned long unused = inodes ? numbers->f_ffree : numbers->f_bavail;
    unsigned long counts[] = {total, total - unused, unused};
    printf("%-12s", source);
    for (int i = 0; i < 3; i++) {
        char text[24];
        size_text(counts[i] * unit, text, sizeof text);
        printf(" %12s", text);
    }
    printf(" %3lu%% %s\n", total ? (counts[1] * 100 + total - 1) / total : 0, path);
}

static void line_print(const struct mount_line *line)
{
    struct statfs numbers;
    struct stat info;
    bool stores = strcmp(line->kind, "devfs") != 0 && strcmp(line->kind, "procfs") != 0;
    if (wanted ? found || stat(line->path, &info) < 0 || info.st_dev != device : !stores)
        return;
    found = true;
    if (statfs(line->path, &numbers) < 0)
        tool_error(line->path);
    else
        row_print(line->source, &numbers, line->path);
}

static void path_print(const char *path)
{
    struct stat info;
    if (stat(path, &info) < 0) {
        tool_error(path);
        return;
    }
    wanted = path;
    device = info.st_dev;
    found = false;
    mounts_each(line_print);
    if (!found)
        tool_complain(path, "its file system is not among those in /proc/mounts");
}

int main(int argc, char **argv)
{
    tool_begin("df", "[-h | -i | -k] [PATH]...");
    for (int letter; (letter = tool_option(argc, argv, "hik")) >= 0;) {
        human = letter == 'h';
        inodes = letter == 'i' || (inodes && human);
    }
    printf("%-12s %12s %12s %12s %4s %s\n", "Filesystem",
           inodes  ? "Inodes"
           : human ? "Size"
                   : "1K-blocks",
           "Used", "Available", "Use%", "Mounted on");
    if (optind == argc)
        mounts_each(line_print);
    for (int i = optind; i < argc; i++)
        path_print(argv[i]);
    return tool_status();
}
