// SPDX-License-Identifier: MIT
// sleep: waits for a number of seconds, which may have a fraction.
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "tool.h"

/* "1.25" in nanoseconds after the point; false if it is not a number. */
static bool duration_parse(const char *text, struct timespec *duration)
{
    char *end = (char *)text;
    duration->tv_sec = *text == '.' ? 0 : strtol(text, &end, 10);
    duration->tv_nsec = 0;
    if (*text == '-' || *text == '+' || (end == text && *text != '.'))
        return false;
    if (*end == '.')
        for (long unit = 100000000; *++end >= '0' && *end <= '9'; unit /= 10)
            duration->tv_nsec += (*end - '0') * unit;
    return *end == 0;
}

int main(int argc, char **argv)
{
    struct timespec rest;
    tool_begin("sleep", "SECONDS");
    while (tool_option(argc, argv, "") >= 0)
        ;
    if (argc - optind != 1 || !duration_parse(argv[optind], &rest))
        tool_usage_error("one number of seconds is needed");
    while (nanosleep(&rest, &rest) < 0)
        if (errno != EINTR)
            tool_fail("nanosleep");
    return 0;
}
