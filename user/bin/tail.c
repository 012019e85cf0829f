// SPDX-License-Identifier: MIT
// tail: the last lines (-n, default 10) or bytes (-c) of files. -20 is short for -n 20, and -n +20
// is all from line 20 on. -f: and then what is added to them, until Ctrl-C. What a file holds is
// kept in memory, so a pipe is as good as a file.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "tool.h"

static long limit = 10;
static bool by_bytes, with_titles, from_start, follows;

/* The files that are followed, and which of them was printed last. */
static struct followed {
    const char *path;
    int file;
    off_t size; /* when it was last looked at; of files in /proc always 0 */
} * followed;
static int followed_count, shown = -1;

/* Where the last `limit` lines or bytes begin. */
static size_t tail_find(const char *text, size_t length)
{
    if (by_bytes)
        return length > (size_t)limit ? length - (size_t)limit : 0;
    if (limit == 0)
        return length;
    size_t start = length;
    for (long lines = 0; start > 0; start--)
        if (text[start - 1] == '\n' && start < length && ++lines == limit)
            break;
    return start;
}

/* Where line or byte number `limit` begins, counted from 1. */
static size_t rest_find(const char *text, size_t length)
{
    long skip = limit > 0 ? limit - 1 : 0;
    if (by_bytes)
        return (size_t)skip < length ? (size_t)skip : length;
    size_t start = 0;
    while (skip > 0 && start < length)
        skip -= text[start++] == '\n';
    return start;
}

/* The caller closes its descriptor; this one goes on from the same place. */
static void follow_add(int file, const char *path)
{
    struct followed *entry = &followed[followed_count];
    *entry = (struct followed){path, dup(file), 0};
    if (entry->file < 0)
        tool_fail(path);
    shown = followed_count++;
}

/* Prints what has been added to a file; begins anew with one that has become shorter. */
static void follow_print(int which)
{
    static char buffer[65536];
    struct followed *entry = &followed[which];
    struct stat info;
    bool known = fstat(entry->file, &info) == 0 && S_ISREG(info.st_mode);
    if (known && info.st_size < entry->size) {
        tool_complain(entry->path, "has become shorter, from the start");
        lseek(entry->file, 0, SEEK_SET);
    }
    entry->size = known ? info.st_size : 0;
    for (ssize_t length; (length = read(entry->file, buffer, sizeof buffer)) > 0;) {
        if (with_titles && shown != which)
            printf("\n==> %s <==\n", entry->path);
        shown = which;
        fwrite(buffer, 1, (size_t)length, stdout);
        tool_output_check();
    }
}

/* Nothing tells that a file has grown, so it is asked for now and then. */
_Noreturn static void files_follow(void)
{
    static const struct timespec pause = {.tv_nsec = 200000000};
    for (;;) {
        for (int i = 0; i < followed_count; i++)
            follow_print(i);
        fflush(stdout);
        tool_output_check();
        nanosleep(&pause, NULL);
    }
}

static void file_print(int file, const char *path)
{
    char *text = NULL;
    size_t length = 0, room = 0;
    if (with_titles) {
        static bool any;
        printf(any ? "\n==> %s <==\n" : "==> %s <==\n", path);
        any = true;
    }
    for (ssize_t part = 1; part > 0; length += part > 0 ? (size_t)part : 0) {
        if (length == room && !(text = realloc(text, room = room ? 2 * room : 65536)))
            tool_fail(path);
        part = read(file, text + length, room - length);
        if (part < 0 && errno != EINTR)
            tool_error(path);
    }
    if (follows)
        follow_add(file, path);
    size_t start = from_start ? rest_find(text, length) : tail_find(text, length);
    fwrite(text + start, 1, length - start, stdout);
    free(text);
}

int main(int argc, char **argv)
{
    tool_begin("tail", "[-f] [-n [+]LINES | -c [+]BYTES] [FILE]...");
    tool_short_count(argc, argv);
    for (int letter; (letter = tool_option(argc, argv, "fn:c:")) >= 0;) {
        follows |= letter == 'f';
        if (letter == 'f')
            continue;
        by_bytes = letter == 'c';
        from_start = optarg[0] == '+';
        if (!tool_number(optarg + from_start, 0, 1L << 62, &limit))
            tool_usage_error("%s: not a count", optarg);
    }
    with_titles = argc - optind > 1;
    if (!(followed = calloc((size_t)argc + 1, sizeof *followed)))
        tool_fail("memory");
    tool_each_file(argc, argv, file_print);
    if (followed_count)
        files_follow();
    return tool_status();
}
