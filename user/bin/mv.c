// SPDX-License-Identifier: MIT
// mv: renames files and folders, or moves them into a folder. Between file systems they are copied
// and deleted. -i: asks before overwriting, -n: overwrites nothing, -f: does not ask, -v: tells
// each move.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "copy.h"
#include "folder.h"
#include "progress.h"
#include "tool.h"

/* Deletes what has been copied, a folder with all that is in it. */
static void path_delete(const char *path)
{
    struct stat info;
    size_t count;
    if (lstat(path, &info) < 0) {
        tool_error(path);
        return;
    }
    if (S_ISDIR(info.st_mode)) {
        char **names = folder_names(path, &count);
        for (size_t i = 0; names && i < count; i++) {
            char full[4096];
            if (tool_path(full, sizeof full, path, names[i]))
                path_delete(full);
        }
        if (names)
            folder_names_free(names, count);
    }
    if ((S_ISDIR(info.st_mode) ? rmdir : unlink)(path) < 0)
        tool_error(path);
}

static void path_move(const char *from, const char *to)
{
    struct stat source, target;
    if (!copy_wanted(to))
        return;
    if (lstat(from, &source) == 0 && lstat(to, &target) == 0 && source.st_ino == target.st_ino &&
        source.st_dev == target.st_dev) {
        tool_complain(from, "is the same file as %s", to);
        return;
    }
    if (rename(from, to) == 0) {
        if (copy_options.verbose)
            printf("renamed '%s' -> '%s'\n", from, to);
        return;
    }
    int reason = errno;
    bool folder = lstat(from, &source) == 0 && S_ISDIR(source.st_mode);
    if (reason == EINVAL && folder) { /* what rename says of a target that is in the source */
        tool_complain(from, "cannot be moved into itself, %s", to);
        return;
    }
    if (reason != EXDEV) {
        errno = reason;
        tool_error(from);
        return;
    }
    if (folder && lstat(to, &target) == 0) {
        tool_complain(to, "is there already, and on another file system than %s", from);
        return;
    }
    struct copy_options asked = copy_options;
    copy_options.ask = copy_options.leave = false; /* that has been settled */
    if (path_copy(from, to) == 0)
        path_delete(from);
    copy_options = asked;
}

int main(int argc, char **argv)
{
    tool_begin("mv", "[-finv] FROM TO, or mv [-finv] PATH... FOLDER");
    for (int letter; (letter = tool_option(argc, argv, "finv")) >= 0;) {
        copy_options.verbose |= letter == 'v';
        if (letter != 'v') {
            copy_options.ask = letter == 'i';
            copy_options.leave = letter == 'n';
        }
    }
    copy_options.recursive = copy_options.keep = copy_options.links = copy_options.force = true;
    progress_begin("mv", PROGRESS_BYTES, 0);
    copy_operands(argc, argv, path_move);
    progress_end();
    return tool_status();
}
