// SPDX-License-Identifier: MIT
// id: whose processes these are. -u: only the user's number, -g: only the group's.
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
    tool_begin("id", "[-u | -g]");
    for (int letter; (letter = tool_option(argc, argv, "ug")) >= 0;)
        only = (char)letter;
    if (optind < argc)
        tool_usage_error("%s: not expected", argv[optind]);
    unsigned user = geteuid(), group = getegid();
    if (only)
        printf("%u\n", only == 'u' ? user : group);
    else
        printf("uid=%u%s gid=%u%s\n", user, name_find(user), group, name_find(group));
    return tool_status();
}
