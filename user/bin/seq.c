// SPDX-License-Identifier: MIT
// seq: numbers from FIRST (1) to LAST in steps of STEP (1), one a line. -s: what is between them
// instead, -w: all as wide as the widest, with zeros in front.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

/* The options stand in front, since a number may look like one: returns the first number's place.
 */
static int options_take(int argc, char **argv, const char **between, bool *padded)
{
    int next = 1;
    while (next < argc && argv[next][0] == '-' && !isdigit((unsigned char)argv[next][1])) {
        next += 1 + (strcmp(argv[next], "-s") == 0);
        if (strcmp(argv[next - 1], "--") == 0)
            break;
    }
    next = next < argc ? next : argc;
    for (int letter; (letter = tool_option(next, argv, "s:w")) >= 0;) {
        if (letter == 's')
            *between = optarg;
        *padded |= letter == 'w';
    }
    return next;
}

static int width_of(long number)
{
    char text[24];
    return snprintf(text, sizeof text, "%ld", number);
}

int main(int argc, char **argv)
{
    const char *between = "\n";
    bool padded = false, any = false;
    tool_begin("seq", "[-w] [-s TEXT] [FIRST [STEP]] LAST");
    int next = options_take(argc, argv, &between, &padded), count = argc - next, width = 0;
    if (count < 1 || count > 3)
        tool_usage_error("one to three numbers are needed");
    long first = count > 1 ? number_parse(argv[next]) : 1;
    long step = count > 2 ? number_parse(argv[next + 1]) : 1;
    long last = number_parse(argv[argc - 1]);
    if (step == 0)
        tool_usage_error("a step of 0 leads nowhere");
    if (padded) {
        int a = width_of(first), b = width_of(last);
        width = a > b ? a : b;
    }
    for (long number = first; step > 0 ? number <= last : number >= last;) {
        printf("%s%0*ld", any ? between : "", width, number);
        any = true;
        tool_output_check();
        if (__builtin_add_overflow(number, step, &number))
            break;
    }
    if (any)
        putchar('\n');
    return tool_status();
}
