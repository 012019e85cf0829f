// SPDX-License-Identifier: MIT
// rm: deletes files. -r: folders with all that is in them, -f: no complaint about what is not
// there, -i: asks before each, -v: tells of each.
//
// Within a tree rm changes from folder to folder, so that the way to each file has one step however
// deep the tree is. Each folder is looked at before and after: a link that somebody puts in its
// place does not lead rm elsewhere.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"
#include "progress.h"
#include "tool.h"

static bool recursive, force, ask, verbose;

/* The way from the operand to what is at hand, for messages only. */
static char path[4096];

static void entry_delete(const char *name);

static bool name_is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void error_report(void)
{
    tool_error(path);
}

static bool here_is(const struct stat *folder)
{
    struct stat here;
    return stat(".", &here) == 0 && here.st_dev == folder->st_dev && here.st_ino == folder->st_ino;
}

/* Lengthens the path by a name; returns the length that it had. */
static size_t path_extend(const char *name)
{
    size_t length = strlen(path);
    snprintf(path + length, sizeof path - length, "/%s", name);
    return length;
}

/* Deletes all that is in the current folder. */
static void folder_empty(void)
{
    size_t count;
    char **names = folder_names(".", &count);
    if (!names) {
        error_report();
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t length = path_extend(names[i]);
        entry_delete(names[i]);
        path[length] = 0;
    }
    folder_names_free(names, count);
}

/* Goes into a folder, empties it, and comes back to where it lies. */
static void tree_empty(const char *name, const struct stat *folder)
{
    struct stat parent;
    if (stat(".", &parent) < 0 || chdir(name) < 0) {
        error_report();
        return;
    }
    bool reached = here_is(folder);
    if (reached)
        folder_empty();
    if (chdir("..") == 0 && here_is(&parent) && reached)
        return;
    tool_complain(path, "was moved away meanwhile");
    exit(tool_status());
}

/* An entry of the current folder. */
static void entry_delete(const char *name)
{
    struct stat info;
    if (lstat(name, &info) < 0) {
        if (!force || errno != ENOENT)
            error_report();
        return;
    }
    bool folder = S_ISDIR(info.st_mode) && recursive;
    if (ask && !tool_ask("%s '%s'", folder ? "empty and remove the folder" : "remove", path))
        return;
    if (folder)
        tree_empty(name, &info);
    if ((folder ? rmdir(name) : unlink(name)) < 0) {
        error_report();
    } else if (verbose) {
        progress_pause();
        printf(folder ? "removed directory '%s'\n" : "removed '%s'\n", path);
    }
    progress_add(1);
}

/* An operand: its folder becomes the current one meanwhile. */
static void operand_delete(const char *operand)
{
    char *name = path;
    size_t length = strlen(operand);
    while (length > 1 && operand[length - 1] == '/')
        length--;
    snprintf(path, sizeof path, "%.*s", (int)length, operand);
    char *slash = strrchr(path, '/');
    int start = open(".", O_RDONLY | O_DIRECTORY);
    if (start < 0)
        tool_fail(".");
    if (slash) {
        char folder[sizeof path];
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
        if (chdir(folder) < 0 && !(force && errno == ENOENT))
            error_report();
        else
            name = slash + 1;
    }
    if (!*name)
        tool_complain(operand, "the root cannot be removed");
    else if (name_is_dots(name))
        tool_complain(operand, "the folder itself or its parent (name it)");
    else if (!slash || name != path)
        entry_delete(strcpy((char[sizeof path]){0}, name));
    if (fchdir(start) < 0)
        tool_fail("the folder that rm was started in");
    close(start);
}

int main(int argc, char **argv)
{
    tool_begin("rm", "[-firvR] PATH...");
    for (int letter; (letter = tool_option(argc, argv, "firvR")) >= 0;) {
        recursive |= letter == 'r' || letter == 'R';
        verbose |= letter == 'v';
        if (letter == 'f' || letter == 'i') {
            force = letter == 'f';
            ask = letter == 'i';
        }
    }
    if (optind == argc && !force)
        tool_usage_error("no path given");
    progress_begin("rm", PROGRESS_ITEMS, 0);
    for (int i = optind; i < argc; i++) {
        if (strlen(argv[i]) >= sizeof path)
            tool_complain(argv[i], "the path is too long");
        else
            operand_delete(argv[i]);
    }
    progress_end();
    return tool_status();
}
