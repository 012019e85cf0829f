// SPDX-License-Identifier: MIT
// rm: deletes files. -r: folders with all that is in them; -f: no complaint about what is not
// there.
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool.h"

static bool recursive, force;

/* The path at hand, lengthened on the way down and cut on the way up: a tree may be so deep that a
   buffer for each level does not fit on the stack. */
static char path[4096];

static void path_delete(size_t length);

static bool name_is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Deletes one entry of the folder, and says whether there was one: entries are not deleted under a
   running listing, which may skip some then. */
static bool folder_empty_once(size_t length)
{
    size_t longer = length;
    DIR *stream = opendir(path);
    if (!stream) {
        tool_error(path);
        return false;
    }
    for (struct dirent *entry; longer == length && (entry = readdir(stream));)
        if (!name_is_dots(entry->d_name))
            longer += (size_t)snprintf(path + length, sizeof path - length, "/%s", entry->d_name);
    closedir(stream);
    if (longer == length)
        return false;
    struct stat info;
    bool fits = longer < sizeof path;
    if (fits)
        path_delete(longer);
    bool gone = fits && lstat(path, &info) < 0; /* one that stays would be found for ever */
    path[length] = 0;
    if (!fits)
        tool_complain(path, "what is in it has too long a path");
    return gone;
}

static void path_delete(size_t length)
{
    struct stat info;
    if (lstat(path, &info) < 0) {
        if (!force || errno != ENOENT)
            tool_error(path);
        return;
    }
    if (S_ISDIR(info.st_mode) && recursive) {
        while (folder_empty_once(length))
            ;
        if (rmdir(path) < 0)
            tool_error(path);
    } else if (unlink(path) < 0) {
        tool_error(path);
    }
}

int main(int argc, char **argv)
{
    tool_begin("rm", "[-rf] PATH...");
    for (int letter; (letter = tool_option(argc, argv, "rRf")) >= 0;) {
        force |= letter == 'f';
        recursive |= letter != 'f';
    }
    if (optind == argc && !force)
        tool_usage_error("no path given");
    for (int i = optind; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        size_t length = (size_t)snprintf(path, sizeof path, "%s", argv[i]);
        if (name_is_dots(slash ? slash + 1 : argv[i]))
            tool_complain(argv[i], "the folder itself or its parent (name it)");
        else if (length >= sizeof path)
            tool_complain(argv[i], "the path is too long");
        else
            path_delete(length);
    }
    return tool_status();
}
