// SPDX-License-Identifier: MIT
// uptime: for how long the system runs.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    char line[128];
    tool_begin("uptime", "");
    while (tool_option(argc, argv, "") >= 0)
        ;
    FILE *file = fopen("/proc/uptime", "r");
    if (!file || !fgets(line, sizeof line, file))
        tool_fail("/proc/uptime");
    long seconds = strtol(line, NULL, 10);
    printf("up ");
    if (seconds >= 86400)
        printf("%ld d ", seconds / 86400);
    printf("%02ld:%02ld:%02ld\n", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    return tool_status();
}
