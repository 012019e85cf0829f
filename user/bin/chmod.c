// SPDX-License-Identifier: MIT
// chmod: changes the mode of files: an octal number, or who (ugoa), + - or =, and what (rwx),
// several with commas between. -R: folders with all that is in them.
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"
#include "mode.h"
#include "tool.h"

static bool recursive;
static const char *wanted;

static void inner_change(const char *path);

static void path_change(const char *path)
{
    struct stat info;
    if (stat(path, &info) < 0) {
        tool_error(path);
        return;
    }
    mode_t mode = info.st_mode & 07777;
    mode_parse(wanted, &mode);
    if (chmod(path, mode) < 0)
        tool_error(path);
    if (recursive && S_ISDIR(info.st_mode))
        folder_each(path, inner_change);
}

static void inner_change(const char *path)
{
    struct stat link;
    if (lstat(path, &link) == 0 && !S_ISLNK(link.st_mode))
        path_change(path);
}

int main(int argc, char **argv)
{
    int next = 1;
    mode_t mode = 0;
    tool_begin("chmod", "[-R] MODE PATH...");
    tool_help_alone(argc, argv);
    if (next < argc && strcmp(argv[next], "-R") == 0) {
        recursive = true;
        next++;
    }
    if (argc - next < 2)
        tool_usage_error("a mode and a path are needed");
    wanted = argv[next++];
    if (!mode_parse(wanted, &mode))
        tool_usage_error("%s: not a mode (644, u+x, go-w, a=r)", wanted);
    for (; next < argc; next++)
        path_change(argv[next]);
    return tool_status();
}
