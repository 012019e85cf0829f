// SPDX-License-Identifier: MIT
// mv: renames files, or moves them into a folder. Between file systems a file is copied and
// deleted.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "copy.h"
#include "tool.h"

static void path_move(const char *from, const char *to)
{
    struct stat info;
    if (rename(from, to) == 0)
        return;
    if (errno != EXDEV || stat(from, &info) < 0) {
        tool_error(from);
        return;
    }
    if (!S_ISREG(info.st_mode)) {
        tool_complain(from, "not a file, and on another file system (use cp -r, then rm -r)");
        return;
    }
    if (file_copy(from, to) == 0 && unlink(from) < 0)
        tool_error(from);
}

int main(int argc, char **argv)
{
    tool_begin("mv", "FROM TO, or mv PATH... FOLDER");
    while (tool_option(argc, argv, "f") >= 0)
        ;
    copy_operands(argc, argv, path_move);
    return tool_status();
}
