// SPDX-License-Identifier: MIT
// seq: numbers from FIRST (1) to LAST in steps of STEP (1), one a line.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "tool.h"

static long number_parse(const char *text)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end || errno)
        tool_usage_error("%s: not a whole number", text);
    return number;
}

int main(int argc, char **argv)
{
    tool_begin("seq", "[FIRST [STEP]] LAST");
    tool_help_alone(argc, argv);
    int count = argc - 1;
    if (count < 1 || count > 3)
        tool_usage_error("one to three numbers are needed");
    long first = count > 1 ? number_parse(argv[1]) : 1;
    long step = count > 2 ? number_parse(argv[2]) : 1;
    long last = number_parse(argv[count]);
    if (step == 0)
        tool_usage_error("a step of 0 leads nowhere");
    for (long number = first; step > 0 ? number <= last : number >= last;) {
        printf("%ld\n", number);
        tool_output_check();
        if (__builtin_add_overflow(number, step, &number))
            break;
    }
    return tool_status();
}
