// SPDX-License-Identifier: MIT
// readlink: what a symbolic link says. -f: the path that a name leads to in the end, without links,
// . and ..; -n: without a newline.
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool.h"

#define PATH_SIZE 4096
#define LINKS_MAX 40

/* Takes the last name off an absolute path without a slash at its end. */
static void name_cut(char *path)
{
    char *slash = strrchr(path, '/');
    *slash = 0;
}

/* Puts what a link says in front of the rest of the way. False and errno on failure. */
static bool link_follow(const char *path, char *rest)
{
    static char target[PATH_SIZE], joined[PATH_SIZE];
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0)
        return false;
    target[length] = 0;
    if ((size_t)snprintf(joined, sizeof joined, "%s/%s", target, rest) >= sizeof joined) {
        errno = ENAMETOOLONG;
        return false;
    }
    strcpy(rest, joined);
    return true;
}

/* Resolves `rest` from folder `path` on, an empty one being the root. The last name need not be
   there. */
static bool path_resolve(char *path, char *rest)
{
    for (int links = 0; *(rest += strspn(rest, "/"));) {
        char name[NAME_MAX + 1];
        struct stat info;
        size_t length = strcspn(rest, "/"), before = strlen(path);
        if (length > NAME_MAX || before + length + 2 > PATH_SIZE) {
            errno = ENAMETOOLONG;
            return false;
        }
        snprintf(name, sizeof name, "%.*s", (int)length, rest);
        rest += length;
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0) {
            if (*path)
                name_cut(path);
            continue;
        }
        snprintf(path + before, PATH_SIZE - before, "/%s", name);
        bool last = !rest[strspn(rest, "/")];
        if (lstat(path, &info) < 0) {
            if (errno != ENOENT || !last)
                return false;
        } else if (S_ISLNK(info.st_mode)) {
            static char way[PATH_SIZE];
            snprintf(way, sizeof way, "%s", rest);
            if (++links > LINKS_MAX)
                errno = ELOOP;
            if (links > LINKS_MAX || !link_follow(path, way))
                return false;
            path[way[0] == '/' ? 0 : before] = 0;
            rest = way;
        } else if (!S_ISDIR(info.st_mode) && !last) {
            errno = ENOTDIR;
            return false;
        }
    }
    return true;
}

static bool operand_resolve(const char *operand, char path[PATH_SIZE])
{
    static char rest[PATH_SIZE];
    path[0] = 0;
    if (!*operand || strlen(operand) >= sizeof rest) {
        errno = *operand ? ENAMETOOLONG : ENOENT;
        return false;
    }
    strcpy(rest, operand);
    if (*operand != '/' && !getcwd(path, PATH_SIZE))
        return false;
    if (strcmp(path, "/") == 0)
        path[0] = 0;
    if (!path_resolve(path, rest))
        return false;
    if (!*path)
        strcpy(path, "/");
    return true;
}

int main(int argc, char **argv)
{
    static char path[PATH_SIZE];
    bool resolves = false;
    const char *end = "\n";
    tool_begin("readlink", "[-fn] PATH...");
    for (int letter; (letter = tool_option(argc, argv, "fn")) >= 0;) {
        resolves |= letter == 'f';
        end = letter == 'n' ? "" : end;
    }
    if (optind == argc)
        tool_usage_error("no path given");
    for (int i = optind; i < argc; i++) {
        ssize_t length = resolves ? 0 : readlink(argv[i], path, sizeof path - 1);
        if (length > 0)
            path[length] = 0;
        if (length < 0 || (resolves && !operand_resolve(argv[i], path)))
            tool_error(argv[i]);
        else
            printf("%s%s", path, end);
    }
    return tool_status();
}
