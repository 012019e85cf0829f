// SPDX-License-Identifier: MIT
// free: how much memory there is, used and free, in KiB; -m: in MiB, -h: as 17M.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "size.h"
#include "tool.h"

#define SOURCE "/proc/meminfo"

static char unit = 'k';

static void amount_print(long kib)
{
    char text[24];
    if (unit == 'h')
        size_format((uint64_t)kib * 1024, text);
    else
        snprintf(text, sizeof text, "%ld", unit == 'm' ? kib >> 10 : kib);
    printf(" %12s", text);
}

int main(int argc, char **argv)
{
    char line[128];
    long total = -1, unused = -1;
    tool_begin("free", "[-h | -k | -m]");
    for (int letter; (letter = tool_option(argc, argv, "hkm")) >= 0;)
        unit = (char)letter;
    if (optind < argc)
        tool_usage_error("%s: not expected", argv[optind]);
    FILE *file = fopen(SOURCE, "r");
    if (!file)
        tool_fail(SOURCE);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "MemTotal:", 9) == 0)
            total = strtol(line + 9, NULL, 10);
        if (strncmp(line, "MemFree:", 8) == 0)
            unused = strtol(line + 8, NULL, 10);
    }
    if (total < 0 || unused < 0) {
        tool_complain(SOURCE, "has no MemTotal or MemFree line");
        return 1;
    }
    printf("%-6s %12s %12s %12s\n%-6s", "", "total", "used", "free", "Mem:");
    amount_print(total);
    amount_print(total - unused);
    amount_print(unused);
    putchar('\n');
    return tool_status();
}
