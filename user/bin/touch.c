// SPDX-License-Identifier: MIT
// touch: makes empty files, and sets the times of those that are there to now. -c: makes none, -d:
// to a date, -r: to another file's times, -a and -m: only when it was read, or written.
#include <fcntl.h>
#include <sys/stat.h>
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

static void path_touch(const char *path, const struct timespec times[2], bool makes)
{
    int file = makes && access(path, F_OK) < 0 ? open(path, O_WRONLY | O_CREAT, 0666) : -1;
    if (file >= 0)
        close(file);
    else if (access(path, F_OK) < 0) {
        if (makes)
            tool_error(path);
        return;
    }
    if (utimensat(AT_FDCWD, path, times, 0) < 0)
        tool_error(path);
}

int main(int argc, char **argv)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    bool makes = true, read_only = false, written_only = false;
    tool_begin("touch", "[-acm] [-d DATE | -r FILE] FILE...");
    for (int letter; (letter = tool_option(argc, argv, "acmd:r:")) >= 0;) {
        makes &= letter != 'c';
        read_only |= letter == 'a';
        written_only |= letter == 'm';
        if (letter == 'r')
            times_of(optarg, times);
        if (letter == 'd' && !moment_parse(optarg, &times[0]))
            tool_usage_error("%s: not a date (2031-05-04 12:30:15, @SECONDS, now)", optarg);
        if (letter == 'd')
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
