// SPDX-License-Identifier: MIT
// find: goes through folders and prints, or does something with, what an expression describes.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "find.h"
#include "folder.h"
#include "progress.h"
#include "tool.h"

static struct walk_limits limits = {.most_depth = 1L << 30};

/* The path at hand, lengthened on the way down and cut on the way up. */
static char path[4096];

static void path_visit(long depth);

static void folder_visit(long depth)
{
    size_t count, length = strlen(path);
    char **names = folder_names(path, &count);
    if (!names) {
        tool_error(path);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *gap = length && path[length - 1] == '/' ? "" : "/";
        if ((size_t)snprintf(path + length, sizeof path - length, "%s%s", gap, names[i]) <
            sizeof path - length)
            path_visit(depth + 1);
        else
            tool_complain(names[i], "the path to it is too long");
        path[length] = 0;
    }
    folder_names_free(names, count);
}

static void path_visit(long depth)
{
    struct stat info;
    if (lstat(path, &info) < 0) {
        tool_error(path);
        return;
    }
    const char *slash = strrchr(path, '/');
    const struct entry entry = {path, slash && slash[1] ? slash + 1 : path, &info};
    bool deeper = S_ISDIR(info.st_mode) && depth < limits.most_depth;
    bool meant = depth >= limits.least_depth;
    progress_add(1);
    if (meant && !limits.folders_last)
        deeper &= expression_run(&entry);
    if (deeper)
        folder_visit(depth);
    if (meant && limits.folders_last)
        expression_run(&entry);
}

static bool begins_expression(const char *word)
{
    return word[0] == '-' || strcmp(word, "!") == 0 || strcmp(word, "(") == 0;
}

int main(int argc, char **argv)
{
    int first = 1;
    tool_begin("find",
               "[PATH]... [-name GLOB] [-iname GLOB] [-path GLOB] [-type fdlbcps]\n"
               "            [-size [+-]N[ckMG]] [-mtime [+-]DAYS] [-mmin [+-]MINUTES] "
               "[-newer FILE]\n"
               "            [-empty] [-maxdepth N] [-mindepth N] [-depth] [-prune] [-print] "
               "[-print0]\n"
               "            [-delete] [-exec COMMAND... ;] [-exec COMMAND... {} +] [!] [-o] "
               "[( )]");
    tool_help_alone(argc, argv);
    while (first < argc && !begins_expression(argv[first]))
        first++;
    expression_begin(argv + first, &limits);
    progress_begin("find", PROGRESS_ITEMS, 0);
    for (int i = 1; i < first || i == 1; i++) {
        const char *start = first > 1 ? argv[i] : ".";
        if ((size_t)snprintf(path, sizeof path, "%s", start) >= sizeof path)
            tool_complain(start, "the path is too long");
        else
            path_visit(0);
    }
    commands_finish();
    progress_end();
    return tool_status();
}
