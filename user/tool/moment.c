// SPDX-License-Identifier: MIT
#include "moment.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So many digits with a value in [low, high]; moves on behind them. */
static bool digits_take(const char **text, int count, int low, int high, int *value)
{
    *value = 0;
    for (; count > 0; count--, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return false;
        *value = *value * 10 + **text - '0';
    }
    return *value >= low && *value <= high;
}

static bool letter_take(const char **text, const char *letters)
{
    if (!**text || !strchr(letters, **text))
        return false;
    (*text)++;
    return true;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static long days_since_1970(int year, int month, int day)
{
    long days = 0;
    for (int each = 1970; each < year; each++)
        days += 337 + month_days(each, 2);
    for (int each = 1; each < month; each++)
        days += month_days(year, each);
    return days + day - 1;
}

bool moment_parse(const char *text, struct timespec *moment)
{
    int year, month, day, hour = 0, minute = 0, second = 0;
    char *end;
    moment->tv_nsec = 0;
    if (strcmp(text, "now") == 0)
        return clock_gettime(CLOCK_REALTIME, moment) == 0;
    if (*text == '@') {
        errno = 0;
        moment->tv_sec = strtol(text + 1, &end, 10);
        return end > text + 1 && !*end && !errno;
    }
    if (!digits_take(&text, 4, 1970, 9999, &year) || !letter_take(&text, "-") ||
        !digits_take(&text, 2, 1, 12, &month) || !letter_take(&text, "-") ||
        !digits_take(&text, 2, 1, month_days(year, month), &day))
        return false;
    if (letter_take(&text, " T") &&
        (!digits_take(&text, 2, 0, 23, &hour) || !letter_take(&text, ":") ||
         !digits_take(&text, 2, 0, 59, &minute) ||
         (letter_take(&text, ":") && !digits_take(&text, 2, 0, 59, &second))))
        return false;
    moment->tv_sec =
        days_since_1970(year, month, day) * 86400 + hour * 3600L + minute * 60 + second;
    return !*text || strcmp(text, "Z") == 0;
}
