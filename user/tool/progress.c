// SPDX-License-Identifier: MIT
#include "progress.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "screen.h"
#include "tool.h"

#define FIRST_MS 1000 /* what is done sooner needs no line */
#define NEXT_MS  250

static struct {
    const char *what;
    enum progress_unit unit;
    uint64_t total, done;
    uint64_t next_ms, started_ms; /* next_ms 0: nobody would see it */
    bool shown;
} progress;

static uint64_t milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void progress_begin(const char *what, enum progress_unit unit, uint64_t total)
{
    progress.what = what;
    progress.unit = unit;
    progress.total = total;
    progress.done = 0;
    progress.shown = false;
    progress.started_ms = milliseconds_now();
    progress.next_ms = isatty(STDERR_FILENO) ? progress.started_ms + FIRST_MS : 0;
}

void progress_begin_file(const char *what, int file)
{
    struct stat info;
    bool known = fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
    progress_begin(what, PROGRESS_BYTES, known ? (uint64_t)info.st_size : 0);
}

static void bytes_print(uint64_t bytes)
{
    uint64_t tenths = bytes * 10 >> 20;
    fprintf(stderr, "%lu.%lu", (unsigned long)(tenths / 10), (unsigned long)(tenths % 10));
}

static void line_print(uint64_t elapsed_ms)
{
    fprintf(stderr, "\r%s: ", progress.what);
    if (progress.unit == PROGRESS_ITEMS) {
        fprintf(stderr, "%lu\033[K", (unsigned long)progress.done);
        return;
    }
    bytes_print(progress.done);
    if (progress.total) {
        fprintf(stderr, " of ");
        bytes_print(progress.total);
    }
    fprintf(stderr, " MiB");
    if (progress.total)
        fprintf(stderr, " (%lu %%)", (unsigned long)(progress.done * 100 / progress.total));
    fprintf(stderr, ", ");
    bytes_print(elapsed_ms ? progress.done * 1000 / elapsed_ms : 0);
    fprintf(stderr, " MiB/s\033[K");
}

void progress_add(uint64_t amount)
{
    progress.done += amount;
    if (!progress.next_ms)
        return;
    uint64_t now = milliseconds_now();
    if (now < progress.next_ms)
        return;
    progress.next_ms = now + NEXT_MS;
    if (!progress.shown && !screen_is_attended(STDERR_FILENO)) {
        progress.next_ms = 0;
        return;
    }
    progress.shown = true;
    line_print(now - progress.started_ms);
}

void progress_end(void)
{
    int reason = errno;
    if (progress.shown)
        fprintf(stderr, "\r\033[K");
    errno = reason;
    progress.next_ms = 0;
    progress.shown = false;
}
