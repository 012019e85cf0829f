// SPDX-License-Identifier: MIT
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "progress.h"
#include "tool.h"

static int bytes_copy(int in, int out, const char *from, const char *to)
{
    static char buffer[65536];
    ssize_t length;
    progress_begin_file(from, in);
    while ((length = read(in, buffer, sizeof buffer)) != 0) {
        if (length < 0 && errno == EINTR)
            continue;
        bool written = length >= 0 && tool_write(out, buffer, (size_t)length);
        if (!written) {
            progress_end();
            return tool_error(length < 0 ? from : to);
        }
        progress_add((uint64_t)length);
    }
    progress_end();
    return 0;
}

int file_copy(const char *from, const char *to)
{
    struct stat source, target;
    int in = tool_open(from);
    if (in < 0)
        return -1;
    int result = -1, out = -1;
    if (fstat(in, &source) < 0)
        tool_error(from);
    else if (stat(to, &target) == 0 && source.st_ino == target.st_ino &&
             source.st_dev == target.st_dev)
        tool_complain(from, "is the same file as %s", to);
    else if ((out = open(to, O_WRONLY | O_CREAT | O_TRUNC, source.st_mode & 0777)) < 0)
        tool_error(to);
    else
        result = bytes_copy(in, out, from, to);
    close(in);
    if (out >= 0 && close(out) < 0)
        result = tool_error(to);
    if (out >= 0 && result < 0 && stat(to, &target) == 0 && S_ISREG(target.st_mode))
        unlink(to);
    return result;
}

/* `path` without its folder; of "a/b/" it is "b/", which names the same. */
static const char *name_find(const char *path)
{
    const char *name = path;
    for (const char *each = path; *each; each++)
        if (each[0] == '/' && each[1])
            name = each + 1;
    return name;
}

void copy_operands(int argc, char **argv, void (*work)(const char *from, const char *to))
{
    struct stat info;
    if (argc - optind < 2)
        tool_usage_error("source and target are needed");
    const char *last = argv[argc - 1];
    bool into_folder = stat(last, &info) == 0 && S_ISDIR(info.st_mode);
    if (argc - optind > 2 && !into_folder)
        tool_usage_error("%s: not a folder", last);
    for (int i = optind; i < argc - 1; i++) {
        char target[4096];
        if (!into_folder)
            work(argv[i], last);
        else if (tool_path(target, sizeof target, last, name_find(argv[i])))
            work(argv[i], target);
    }
}
