// SPDX-License-Identifier: MIT
// date: the time, in UTC. +FORMAT: as strftime() has it.
#include <time.h>
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    char text[256];
    time_t now = time(NULL);
    tool_begin("date", "[+FORMAT]");
    while (tool_option(argc, argv, "u") >= 0)
        ;
    if (argc - optind > 1 || (optind < argc && argv[optind][0] != '+'))
        tool_usage_error("only a format with + in front is accepted");
    const char *format = optind < argc ? argv[optind] + 1 : "%a %b %e %H:%M:%S UTC %Y";
    if (!strftime(text, sizeof text, format, gmtime(&now)))
        text[0] = 0;
    puts(text);
    return tool_status();
}
