// SPDX-License-Identifier: MIT
// mkdir: makes folders. -p: their parents too, and no complaint about what is there already, -m:
// with that mode, -v: tells of each.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "mode.h"
#include "tool.h"

static bool with_mode, verbose;
static mode_t mode;

static int folder_made(const char *path)
{
    if (verbose)
        printf("made folder '%s'\n", path);
    return 0;
}

static int folder_make(const char *path, bool may_exist)
{
    struct stat info;
    if (mkdir(path, 0777) == 0)
        return folder_made(path);
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

static void path_make(char *path, bool parents)
{
    struct stat info;
    bool there = stat(path, &info) == 0;
    if (parents && *path)
        parents_make(path);
    else if (folder_make(path, false) < 0)
        return;
    /* umask does not count for a mode that was given */
    if (with_mode && !there && chmod(path, mode) < 0)
        tool_error(path);
}

int main(int argc, char **argv)
{
    bool parents = false;
    tool_begin("mkdir", "[-pv] [-m MODE] FOLDER...");
    for (int letter; (letter = tool_option(argc, argv, "pvm:")) >= 0;) {
        parents |= letter == 'p';
        verbose |= letter == 'v';
        with_mode |= letter == 'm';
        mode = with_mode && letter == 'm' ? 0777 : mode;
        if (letter == 'm' && !mode_parse(optarg, &mode))
            tool_usage_error("%s: not a mode (700, go-w, a=rx)", optarg);
    }
    if (optind == argc)
        tool_usage_error("no folder given");
    for (int i = optind; i < argc; i++)
        path_make(argv[i], parents);
    return tool_status();
}
