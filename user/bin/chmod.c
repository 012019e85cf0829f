// SPDX-License-Identifier: MIT
// chmod: changes the mode of files: an octal number, or who (ugoa), + - or =, and what (rwx),
// several with commas between. -R: folders with all that is in them.
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"
#include "tool.h"

static bool recursive;
static const char *wanted;

/* The bits of letters like "rx" for one of user, group and others; -1: not such letters. */
static int letters_read(const char **text)
{
    static const char letters[] = "xwr";
    int bits = 0;
    for (const char *found; **text && (found = strchr(letters, **text)); (*text)++)
        bits |= 1 << (found - letters);
    return **text == 0 || **text == ',' ? bits : -1;
}

/* Applies one clause, like u+rx, and moves on behind it. False: it is none. */
static bool clause_apply(const char **text, mode_t *mode)
{
    mode_t who = 0;
    for (; **text && strchr("ugoa", **text); (*text)++)
        who |= **text == 'u' ? 0700u : **text == 'g' ? 0070u : **text == 'o' ? 0007u : 0777u;
    if (!who)
        who = 0777;
    char change_kind = **text;
    if (!change_kind || !strchr("+-=", change_kind))
        return false;
    (*text)++;
    int bits = letters_read(text);
    if (bits < 0)
        return false;
    mode_t change = (mode_t)(bits | bits << 3 | bits << 6) & who;
    if (change_kind == '=')
        *mode &= ~who;
    *mode = change_kind == '-' ? *mode & ~change : *mode | change;
    return true;
}

/* What `wanted` makes of a mode. False: it is no mode. */
static bool mode_apply(mode_t *mode)
{
    const char *text = wanted;
    size_t digits = strspn(text, "01234567");
    if (digits && digits <= 4 && !text[digits]) {
        *mode = (mode_t)strtol(text, NULL, 8);
        return true;
    }
    while (clause_apply(&text, mode)) {
        if (!*text)
            return true;
        text++; /* the comma */
    }
    return false;
}

static void path_change(const char *path)
{
    struct stat info;
    if (stat(path, &info) < 0) {
        tool_error(path);
        return;
    }
    mode_t mode = info.st_mode & 07777;
    mode_apply(&mode);
    if (chmod(path, mode) < 0)
        tool_error(path);
    if (!recursive || !S_ISDIR(info.st_mode))
        return;
    size_t count;
    char **names = folder_names(path, &count);
    if (!names) {
        tool_error(path);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char full[4096];
        struct stat link;
        if (tool_path(full, sizeof full, path, names[i]) && lstat(full, &link) == 0 &&
            !S_ISLNK(link.st_mode))
            path_change(full);
    }
    folder_names_free(names, count);
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
    if (!mode_apply(&mode))
        tool_usage_error("%s: not a mode (644, u+x, go-w, a=r)", wanted);
    for (; next < argc; next++)
        path_change(argv[next]);
    return tool_status();
}
