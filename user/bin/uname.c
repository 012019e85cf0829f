// SPDX-License-Identifier: MIT
// uname: the system's name. -s name (the default), -n host, -r release, -v version, -m machine, -a
// all.
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    static const char letters[] = "snrvm";
    bool wanted[5] = {false}, any = false;
    struct utsname info;
    tool_begin("uname", "[-asnrvm]");
    for (int letter; (letter = tool_option(argc, argv, "asnrvm")) >= 0; any = true)
        for (int i = 0; i < 5; i++)
            wanted[i] |= letter == 'a' || letter == letters[i];
    wanted[0] |= !any;
    if (uname(&info) < 0)
        tool_fail("uname");
    const char *values[] = {info.sysname, info.nodename, info.release, info.version, info.machine};
    const char *gap = "";
    for (int i = 0; i < 5; i++)
        if (wanted[i]) {
            printf("%s%s", gap, values[i]);
            gap = " ";
        }
    putchar('\n');
    return tool_status();
}
