// SPDX-License-Identifier: MIT
// id: whose processes these are. -u: only the user's number, -g: only the group's; -n: the name.
#include <unistd.h>
#include "tool.h"

/* There are no names of users here but one. */
static const char *name_find(unsigned number)
{
    return number == 0 ? "(root)" : "";
}

int main(int argc, char **argv)
{
    char only = 0;
    bool by_name = false;
    tool_begin("id", "[-u | -g] [-n]");
    for (int letter; (letter = tool_option(argc, argv, "ugn")) >= 0;) {
        by_name |= letter == 'n';
        only = letter == 'n' ? only : (char)letter;
    }
    if (by_name && !only)
        tool_usage_error("-n needs -u or -g");
    if (optind < argc)
        tool_usage_error("%s: not expected", argv[optind]);
    unsigned user = geteuid(), group = getegid();
    unsigned chosen = only == 'u' ? user : group;
    if (by_name && chosen == 0)
        puts("root");
    else if (only)
        printf("%u\n", chosen);
    else
        printf("uid=%u%s gid=%u%s\n", user, name_find(user), group, name_find(group));
    return tool_status();
}
