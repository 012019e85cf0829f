// SPDX-License-Identifier: MIT
// date: the date and time, which are UTC here (-u changes nothing). -d: of another moment, -r: when
// a file was written, -I: as 2031-05-04.
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "moment.h"
#include "tool.h"

#define TEXT_MAX 1024

/* Puts the seconds since 1970 and the nanoseconds, which strftime() does not know here, in the
   place of %s and %N. False: it gets too long. */
static bool format_complete(char *to, size_t room, const char *format,
                            const struct timespec *moment)
{
    size_t length = 0;
    while (*format && length + 24 < room) {
        if (format[0] == '%' && format[1] == 's')
            length += (size_t)snprintf(to + length, room - length, "%ld", (long)moment->tv_sec);
        else if (format[0] == '%' && format[1] == 'N')
            length += (size_t)snprintf(to + length, room - length, "%09ld", moment->tv_nsec);
        else if (format[0] == '%' && format[1])
            length += (size_t)snprintf(to + length, room - length, "%.2s", format);
        else {
            to[length++] = *format++;
            continue;
        }
        format += 2;
    }
    to[length] = 0;
    return !*format;
}

static void moment_print(const char *format, const struct timespec *moment)
{
    static char complete[TEXT_MAX], text[TEXT_MAX];
    time_t seconds = moment->tv_sec;
    struct tm *fields = gmtime(&seconds);
    if (!fields || !format_complete(complete, sizeof complete, format, moment))
        tool_usage_error("the format, or the date, is out of range");
    if (*complete && !strftime(text, sizeof text, complete, fields))
        text[0] = 0; /* %p may be nothing */
    puts(text);
}

int main(int argc, char **argv)
{
    struct timespec moment;
    struct stat info;
    const char *format = "%a %b %e %H:%M:%S UTC %Y";
    tool_begin("date", "[-Iu] [-d DATE | -r FILE] [+FORMAT]");
    clock_gettime(CLOCK_REALTIME, &moment);
    for (int letter; (letter = tool_option(argc, argv, "Iud:r:")) >= 0;) {
        if (letter == 'I')
            format = "%Y-%m-%d";
        if (letter == 'd' && !moment_parse(optarg, &moment))
            tool_usage_error("%s: not a date (2031-05-04 12:30:15, @SECONDS, now)", optarg);
        if (letter == 'r' && stat(optarg, &info) < 0)
            tool_fail(optarg);
        if (letter == 'r')
            moment = info.st_mtim;
    }
    if (argc - optind > 1 || (optind < argc && argv[optind][0] != '+'))
        tool_usage_error("%s: a format begins with + (the date cannot be set)", argv[argc - 1]);
    moment_print(optind < argc ? argv[optind] + 1 : format, &moment);
    return tool_status();
}
