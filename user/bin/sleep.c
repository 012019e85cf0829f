// SPDX-License-Identifier: MIT
// sleep: waits for the sum of some times, which may have a fraction and a unit: s, m, h, d.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tool.h"

#define SECOND 1000000000L

/* Adds "1.25m" to *nanoseconds; false if it is not such a time, or too long. */
static bool duration_add(const char *text, long *nanoseconds)
{
    static const char units[] = "smhd";
    static const long seconds[] = {1, 60, 3600, 86400};
    char *end = (char *)text;
    errno = 0;
    long whole = *text == '.' ? 0 : strtol(text, &end, 10), fraction = 0, sum;
    if (*text == '-' || *text == '+' || (end == text && *text != '.') || errno)
        return false;
    if (*end == '.')
        for (long place = SECOND / 10; *++end >= '0' && *end <= '9'; place /= 10)
            fraction += (*end - '0') * place;
    const char *unit = *end ? strchr(units, *end) : units;
    if (!unit || (*end && end[1]))
        return false;
    long factor = seconds[unit - units];
    return !__builtin_mul_overflow(whole, factor * SECOND, &sum) &&
           !__builtin_add_overflow(sum, fraction * factor, &sum) &&
           !__builtin_add_overflow(*nanoseconds, sum, nanoseconds);
}

int main(int argc, char **argv)
{
    long nanoseconds = 0;
    tool_begin("sleep", "TIME[smhd]...");
    while (tool_option(argc, argv, "") >= 0)
        ;
    if (optind == argc)
        tool_usage_error("no time given");
    for (int i = optind; i < argc; i++)
        if (!duration_add(argv[i], &nanoseconds))
            tool_usage_error("%s: not a time (3, 0.5, 1m, 2h)", argv[i]);
    struct timespec rest = {nanoseconds / SECOND, nanoseconds % SECOND};
    while (nanosleep(&rest, &rest) < 0)
        if (errno != EINTR)
            tool_fail("nanosleep");
    return 0;
}
