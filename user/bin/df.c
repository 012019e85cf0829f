// SPDX-License-Identifier: MIT
// df: how large the file systems are and how full, in KiB. -i: how many files they have room for.
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "mounts.h"
#include "tool.h"

static bool inodes;

static void numbers_print(const char *source, unsigned long total, unsigned long unused,
                          const char *path)
{
    unsigned long used = total - unused;
    printf("%-12s %12lu %12lu %12lu %3lu%% %s\n", source, total, used, unused,
           total ? (used * 100 + total - 1) / total : 0, path);
}

static void line_print(const struct mount_line *line)
{
    struct statfs numbers;
    if (strcmp(line->kind, "devfs") == 0 || strcmp(line->kind, "procfs") == 0)
        return; // nothing is stored there
    if (statfs(line->path, &numbers) < 0) {
        tool_error(line->path);
        return;
    }
    unsigned long size = (unsigned long)numbers.f_bsize;
    if (inodes)
        numbers_print(line->source, numbers.f_files, numbers.f_ffree, line->path);
    else
        numbers_print(line->source, numbers.f_blocks * size / 1024, numbers.f_bavail * size / 1024,
                      line->path);
}

int main(int argc, char **argv)
{
    tool_begin("df", "[-i | -k]");
    for (int letter; (letter = tool_option(argc, argv, "ik")) >= 0;)
        inodes = letter == 'i';
    if (optind < argc)
        tool_usage_error("'%s': all file systems are listed", argv[optind]);
    printf("%-12s %12s %12s %12s %4s %s\n", "Filesystem", inodes ? "Inodes" : "1K-blocks", "Used",
           "Available", "Use%", "Mounted on");
    mounts_each(line_print);
    return tool_status();
}
