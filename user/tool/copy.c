// SPDX-License-Identifier: MIT
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"
#include "progress.h"
#include "tool.h"

struct copy_options copy_options;

/* The folder that the copy of an operand goes to: no source may be that one. */
static struct stat top;
static int depth;

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

bool copy_wanted(const char *to)
{
    struct stat info;
    if ((!copy_options.ask && !copy_options.leave) || lstat(to, &info) < 0)
        return true;
    return !copy_options.leave && tool_ask("overwrite '%s'", to);
}

void copy_tell(const char *from, const char *to)
{
    if (!copy_options.verbose)
        return;
    progress_pause();
    printf("'%s' -> '%s'\n", from, to);
}

static int attributes_keep(const char *to, const struct stat *info)
{
    struct timespec times[2] = {info->st_atim, info->st_mtim};
    if (fchownat(AT_FDCWD, to, info->st_uid, info->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return tool_error(to);
    if (!S_ISLNK(info->st_mode) && chmod(to, info->st_mode & 07777) < 0)
        return tool_error(to);
    if (utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW) < 0)
        return tool_error(to);
    return 0;
}

// ---- One file ----

#define PIECE (32 << 20) /* after so much the line that shows how far it is may change */

/* Until the end, or a file that the kernel does not copy: the rest is for who reads and writes. */
static void bytes_copy_inside(int in, int out)
{
    ssize_t length;
    while ((length = copy_file_range(in, NULL, out, NULL, PIECE, 0)) != 0) {
        if (length < 0 && errno != EINTR)
            break;
        progress_add(length > 0 ? (uint64_t)length : 0);
    }
}

static int bytes_copy(int in, int out, const char *from, const char *to)
{
    static char buffer[262144]; // as much as one system call moves at once
    ssize_t length;
    progress_begin_file(from, in);
    bytes_copy_inside(in, out);
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

static int target_open(const char *to, mode_t mode)
{
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
    if (out < 0 && copy_options.force && unlink(to) == 0)
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
    return out < 0 ? tool_error(to) : out;
}

static int file_copy(const char *from, const char *to)
{
    struct stat source, target;
    int in = tool_open(from);
    if (in < 0)
        return -1;
    int result = -1, out = -1;
    if (fstat(in, &source) < 0)
        tool_error(from);
    else if (stat(to, &target) == 0 && is_same(&source, &target))
        tool_complain(from, "is the same file as %s", to);
    else if (copy_wanted(to))
        out = target_open(to, source.st_mode);
    else
        result = 0;
    if (out >= 0)
        result = bytes_copy(in, out, from, to);
    close(in);
    if (out < 0)
        return result;
    if (close(out) < 0)
        result = tool_error(to);
    if (result == 0 && copy_options.keep)
        result = attributes_keep(to, &source);
    if (result == 0)
        copy_tell(from, to);
    else if (stat(to, &target) == 0 && S_ISREG(target.st_mode))
        unlink(to);
    return result;
}

static int link_copy(const char *from, const char *to, const struct stat *info)
{
    char target[4096];
    struct stat there;
    ssize_t length = readlink(from, target, sizeof target - 1);
    if (length < 0)
        return tool_error(from);
    target[length] = 0;
    if (!copy_wanted(to))
        return 0;
    if (lstat(to, &there) == 0 && !S_ISDIR(there.st_mode) && !is_same(info, &there))
        unlink(to);
    if (symlink(target, to) < 0)
        return tool_error(to);
    copy_tell(from, to);
    return copy_options.keep ? attributes_keep(to, info) : 0;
}

// ---- Trees ----

static int folder_make(const char *from, const char *to, const struct stat *info)
{
    struct stat there;
    if (mkdir(to, (info->st_mode & 0777) | 0700) < 0) {
        int reason = errno;
        if (reason == EEXIST && stat(to, &there) == 0 && S_ISDIR(there.st_mode))
            return 0;
        errno = reason;
        return tool_error(to);
    }
    copy_tell(from, to);
    return 0;
}

static int entries_copy(const char *from, const char *to)
{
    size_t count;
    int result = 0;
    char **names = folder_names(from, &count);
    if (!names)
        return tool_error(from);
    for (size_t i = 0; i < count; i++) {
        char source[4096], target[4096];
        if (!tool_path(source, sizeof source, from, names[i]) ||
            !tool_path(target, sizeof target, to, names[i]) || path_copy(source, target) < 0)
            result = -1;
    }
    folder_names_free(names, count);
    return result;
}

static int folder_copy(const char *from, const char *to, const struct stat *info)
{
    if (!copy_options.recursive)
        return tool_complain(from, "is a folder (use -r)");
    if (depth > 0 && is_same(info, &top))
        return tool_complain(from, "cannot be copied into itself, %s", to);
    if (folder_make(from, to, info) < 0)
        return -1;
    if (depth == 0 && stat(to, &top) < 0)
        return tool_error(to);
    if (depth == 0 && is_same(info, &top))
        return tool_complain(from, "cannot be copied into itself, %s", to);
    depth++;
    int result = entries_copy(from, to);
    depth--;
    /* Last: who may not write to the copy could not have filled it, and filling changes its time.
     */
    if (copy_options.keep && attributes_keep(to, info) < 0)
        return -1;
    return result;
}

int path_copy(const char *from, const char *to)
{
    struct stat info;
    bool links = copy_options.links || copy_options.recursive;
    if ((links ? lstat : stat)(from, &info) < 0)
        return tool_error(from);
    if (S_ISLNK(info.st_mode))
        return link_copy(from, to, &info);
    if (S_ISDIR(info.st_mode))
        return folder_copy(from, to, &info);
    if (depth > 0 && !S_ISREG(info.st_mode))
        return tool_complain(from, "is a device or a pipe, and is not copied");
    return file_copy(from, to);
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
