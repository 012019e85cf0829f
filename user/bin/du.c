// SPDX-License-Identifier: MIT
// du: how much of a disk folders take, in KiB, with all that is in them. -s: only the sum of each
// operand, -a: files too, -x: stays on one file system. A file with several names counts once.
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"
#include "progress.h"
#include "size.h"
#include "tool.h"

static bool sums_only, with_files, one_system, human, with_total;
static dev_t device;

/* The path at hand, lengthened on the way down and cut on the way up. */
static char path[4096];

/* Files with several names that have been counted. */
static struct seen {
    dev_t device;
    ino_t inode;
} * seen;
static size_t seen_count;

static bool is_counted(const struct stat *info)
{
    if (S_ISDIR(info->st_mode) || info->st_nlink < 2)
        return false;
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i].device == info->st_dev && seen[i].inode == info->st_ino)
            return true;
    if (seen_count % 64 == 0 && !(seen = realloc(seen, (seen_count + 64) * sizeof *seen)))
        tool_fail("memory");
    seen[seen_count++] = (struct seen){info->st_dev, info->st_ino};
    return false;
}

static void size_print(unsigned long blocks, const char *what)
{
    char text[SIZE_TEXT];
    progress_pause();
    size_format((uint64_t)blocks * 512, text);
    if (human)
        printf("%s\t%s\n", text, what);
    else
        printf("%lu\t%s\n", (blocks + 1) / 2, what);
    tool_output_check();
}

static unsigned long path_measure(bool is_operand);

/* Blocks of what is in the folder at hand. */
static unsigned long folder_measure(void)
{
    unsigned long blocks = 0;
    size_t count, length = strlen(path);
    char **names = folder_names(path, &count);
    if (!names) {
        tool_error(path);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        const char *gap = length && path[length - 1] == '/' ? "" : "/";
        if ((size_t)snprintf(path + length, sizeof path - length, "%s%s", gap, names[i]) <
            sizeof path - length)
            blocks += path_measure(false);
        else
            tool_complain(names[i], "the path to it is too long");
        path[length] = 0;
    }
    folder_names_free(names, count);
    return blocks;
}

/* Blocks of 512 bytes of the path at hand. */
static unsigned long path_measure(bool is_operand)
{
    struct stat info;
    if (lstat(path, &info) < 0) {
        tool_error(path);
        return 0;
    }
    if (is_operand)
        device = info.st_dev;
    if (is_counted(&info) || (one_system && info.st_dev != device))
        return 0;
    unsigned long blocks = (unsigned long)info.st_blocks;
    bool folder = S_ISDIR(info.st_mode);
    progress_add(1);
    if (folder)
        blocks += folder_measure();
    if (is_operand || (!sums_only && (folder || with_files)))
        size_print(blocks, path);
    return blocks;
}

static unsigned long operand_measure(const char *operand)
{
    if ((size_t)snprintf(path, sizeof path, "%s", operand) >= sizeof path) {
        tool_complain(operand, "the path is too long");
        return 0;
    }
    return path_measure(true);
}

int main(int argc, char **argv)
{
    unsigned long total = 0;
    tool_begin("du", "[-achksx] [PATH]...");
    for (int letter; (letter = tool_option(argc, argv, "achksx")) >= 0;) {
        with_files |= letter == 'a';
        with_total |= letter == 'c';
        sums_only |= letter == 's';
        one_system |= letter == 'x';
        if (letter == 'h' || letter == 'k')
            human = letter == 'h';
    }
    if (with_files && sums_only)
        tool_usage_error("-a and -s exclude each other");
    progress_begin("du", PROGRESS_ITEMS, 0);
    if (optind == argc)
        total = operand_measure(".");
    for (int i = optind; i < argc; i++)
        total += operand_measure(argv[i]);
    if (with_total)
        size_print(total, "total");
    progress_end();
    return tool_status();
}
