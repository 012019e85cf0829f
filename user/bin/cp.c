// SPDX-License-Identifier: MIT
// cp: copies files, and with -r folders.
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "copy.h"
#include "tool.h"

static bool recursive;

static void path_copy(const char *from, const char *to);

static void folder_copy(const char *from, const char *to, mode_t mode)
{
    struct stat info;
    if (mkdir(to, mode & 0777) < 0 &&
        !(errno == EEXIST && stat(to, &info) == 0 && S_ISDIR(info.st_mode))) {
        tool_error(to);
        return;
    }
    DIR *stream = opendir(from);
    if (!stream) {
        tool_error(from);
        return;
    }
    for (struct dirent *entry; (entry = readdir(stream));) {
        char source[4096], target[4096];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (tool_path(source, sizeof source, from, entry->d_name) &&
            tool_path(target, sizeof target, to, entry->d_name))
            path_copy(source, target);
    }
    closedir(stream);
}

/* True if `to` lies in `from`: the copy would never end. */
static bool path_inside(const char *from, const char *to)
{
    size_t length = strlen(from);
    return strncmp(from, to, length) == 0 && (to[length] == '/' || to[length] == 0);
}

static void path_copy(const char *from, const char *to)
{
    struct stat info;
    if (stat(from, &info) < 0)
        tool_error(from);
    else if (!S_ISDIR(info.st_mode))
        file_copy(from, to);
    else if (!recursive)
        tool_complain(from, "is a folder (use -r)");
    else if (path_inside(from, to))
        tool_complain(from, "cannot be copied into itself, %s", to);
    else
        folder_copy(from, to, info.st_mode);
}

int main(int argc, char **argv)
{
    tool_begin("cp", "[-r] FROM TO, or cp [-r] PATH... FOLDER");
    while (tool_option(argc, argv, "rR") >= 0)
        recursive = true;
    copy_operands(argc, argv, path_copy);
    return tool_status();
}
