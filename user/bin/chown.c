// SPDX-License-Identifier: MIT
// chown: whose files are. OWNER, OWNER:GROUP or :GROUP, each a number or root. -R: folders with all
// that is in them, -h: a link itself.
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"
#include "tool.h"

#define UNCHANGED 0xffffffffu

static unsigned owner = UNCHANGED, group = UNCHANGED;
static bool recursive, links;

/* There are no names here but one. */
static unsigned number_parse(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (strcmp(text, "root") == 0)
        return 0;
    if (!isdigit((unsigned char)*text) || *end || number >= UNCHANGED)
        tool_usage_error("%s: neither a number nor root", text);
    return (unsigned)number;
}

static void owner_parse(char *text)
{
    char *colon = strchr(text, ':');
    if (colon)
        *colon++ = 0;
    if (*text)
        owner = number_parse(text);
    if (colon && *colon)
        group = number_parse(colon);
    if (owner == UNCHANGED && group == UNCHANGED)
        tool_usage_error("an owner or a group is needed");
}

static void inner_change(const char *path);

static void path_change(const char *path, bool is_operand)
{
    struct stat info;
    bool itself = links || !is_operand;
    if (lstat(path, &info) < 0 ||
        fchownat(AT_FDCWD, path, (uid_t)owner, (gid_t)group, itself ? AT_SYMLINK_NOFOLLOW : 0) < 0)
        tool_error(path);
    else if (recursive && S_ISDIR(info.st_mode))
        folder_each(path, inner_change);
}

static void inner_change(const char *path)
{
    path_change(path, false);
}

int main(int argc, char **argv)
{
    tool_begin("chown", "[-Rh] [OWNER][:GROUP] PATH...");
    tool_help_alone(argc, argv);
    for (int letter; (letter = tool_option(argc, argv, "Rh")) >= 0;) {
        recursive |= letter == 'R';
        links |= letter == 'h';
    }
    if (argc - optind < 2)
        tool_usage_error("an owner and a path are needed");
    owner_parse(argv[optind]);
    for (int i = optind + 1; i < argc; i++)
        path_change(argv[i], true);
    return tool_status();
}
