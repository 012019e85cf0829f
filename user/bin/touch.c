// SPDX-License-Identifier: MIT
// touch: makes empty files, and sets the times of those that are there to now. -c: makes none, -d:
// to a date, -t: the same in digits, -r: to another file's times, -a and -m: only when it was read,
// or written.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "moment.h"
#include "tool.h"

static void times_of(const char *path, struct timespec times[2])
{
    struct stat info;
    if (stat(path, &info) < 0)
        tool_fail(path);
    times[0] = info.st_atim;
    times[1] = info.st_mtim;
}

/* [[CC]YY]MMDDhhmm[.SS]; a year of two digits lies in 1969..2068, none is this one. */
static bool digits_parse(const char *text, struct timespec *moment)
{
    char date[32];
    size_t length = strspn(text, "0123456789");
    const char *seconds = text + length, *rest = text + length - (length < 8 ? length : 8);
    time_t now = time(NULL);
    bool has_seconds = seconds[0] == '.' && strspn(seconds + 1, "0123456789") == 2 && !seconds[3];
    if ((length != 8 && length != 10 && length != 12) || (seconds[0] && !has_seconds))
        return false;
    int year = length == 8 ? gmtime(&now)->tm_year + 1900 : 0;
    for (const char *digit = text; digit < rest; digit++)
        year = year * 10 + *digit - '0';
    if (length == 10)
        year += year < 69 ? 2000 : 1900;
    snprintf(date, sizeof date, "%04d-%.2s-%.2s %.2s:%.2s:%.2s", year, rest, rest + 2, rest + 4,
             rest + 6, has_seconds ? seconds + 1 : "00");
    return moment_parse(date, moment);
}

static void path_touch(const char *path, const struct timespec times[2], bool makes)
{
    if (access(path, F_OK) < 0) {
        int file = makes ? open(path, O_WRONLY | O_CREAT, 0666) : -1;
        if (makes && file < 0)
            tool_error(path);
        if (file < 0)
            return;
        close(file);
    }
    if (utimensat(AT_FDCWD, path, times, 0) < 0)
        tool_error(path);
}

int main(int argc, char **argv)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    bool makes = true, read_only = false, written_only = false;
    tool_begin("touch", "[-acm] [-d DATE | -t DIGITS | -r FILE] FILE...");
    for (int letter; (letter = tool_option(argc, argv, "acmd:t:r:")) >= 0;) {
        makes &= letter != 'c';
        read_only |= letter == 'a';
        written_only |= letter == 'm';
        if (letter == 'r')
            times_of(optarg, times);
        if (letter == 'd' && !moment_parse(optarg, &times[0]))
            tool_usage_error("%s: not a date (2031-05-04 12:30:15, @SECONDS, now)", optarg);
        if (letter == 't' && !digits_parse(optarg, &times[0]))
            tool_usage_error("%s: not a date ([[CC]YY]MMDDhhmm[.SS])", optarg);
        if (letter == 'd' || letter == 't')
            times[1] = times[0];
    }
    if (optind == argc)
        tool_usage_error("no file given");
    if (read_only && !written_only)
        times[1].tv_nsec = UTIME_OMIT;
    if (written_only && !read_only)
        times[0].tv_nsec = UTIME_OMIT;
    for (int i = optind; i < argc; i++)
        path_touch(argv[i], times, makes);
    return tool_status();
}
