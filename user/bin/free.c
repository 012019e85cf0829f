// SPDX-License-Identifier: MIT
// free: how much memory there is, and how much of it is used, in KiB. -m: in MiB.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

#define SOURCE "/proc/meminfo"

int main(int argc, char **argv)
{
    char line[128];
    long total = -1, free_now = -1;
    int shift = 0;
    tool_begin("free", "[-k | -m]");
    for (int letter; (letter = tool_option(argc, argv, "km")) >= 0;)
        shift = letter == 'm' ? 10 : 0;
    FILE *file = fopen(SOURCE, "r");
    if (!file)
        tool_fail(SOURCE);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "MemTotal:", 9) == 0)
            total = strtol(line + 9, NULL, 10);
        if (strncmp(line, "MemFree:", 8) == 0)
            free_now = strtol(line + 8, NULL, 10);
    }
    if (total < 0 || free_now < 0) {
        tool_complain(SOURCE, "has no MemTotal or MemFree line");
        return 1;
    }
    printf("%-6s %12s %12s %12s\n", "", "total", "used", "free");
    printf("%-6s %12ld %12ld %12ld\n", "Mem:", total >> shift, (total - free_now) >> shift,
           free_now >> shift);
    return tool_status();
}
