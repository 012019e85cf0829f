// SPDX-License-Identifier: MIT
#include "progress.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "screen.h"
#include "tool.h"

#define FIRST_MS 1000 /* what is done sooner needs no line */
#define NEXT_MS  250

#define SHORT_BYTES (1 << 20)
#define SHOWN_BYTES ((1 << 20) / 10) /* what a line can tell of */

#define LEVELS 3

/* Work and its parts; the last of `depth` is at hand. */
static struct level {
    const char *what;
    enum progress_unit unit;
    uint64_t total, done, started_ms;
} levels[LEVELS];
static int depth;

static uint64_t next_ms; /* when the line is due; 0: nobody would see it */
static bool shown;

static uint64_t milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void progress_begin(const char *what, enum progress_unit unit, uint64_t total)
{
    uint64_t now = milliseconds_now();
    if (depth == LEVELS)
        abort();
    levels[depth++] = (struct level){what, unit, total, 0, now};
    if (depth > 1)
        return;
    next_ms = isatty(STDERR_FILENO) ? now + FIRST_MS : 0;
    shown = false;
    tool_message_hook(progress_pause);
}

void progress_begin_file(const char *what, int file)
{
    struct stat info;
    bool known = fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
    if (strcmp(what, "-") == 0)
        what = "stdin";
    progress_begin(what, PROGRESS_BYTES, known ? (uint64_t)info.st_size : 0);
}

static void bytes_print(uint64_t bytes)
{
    uint64_t tenths = bytes * 10 >> 20;
    fprintf(stderr, "%lu.%lu", (unsigned long)(tenths / 10), (unsigned long)(tenths % 10));
}

/* What is told about: the part at hand, unless it is so short that it says nothing of the whole. */
static struct level work_find(void)
{
    struct level work = levels[depth - 1];
    for (int i = depth - 1; i > 0 && work.total && work.total < SHORT_BYTES; i--) {
        struct level outer = levels[i - 1];
        if (outer.unit == work.unit)
            outer.done += work.done;
        work = outer;
    }
    return work;
}

static void line_print(const struct level *work, uint64_t elapsed_ms)
{
    fprintf(stderr, "\r%s: ", work->what);
    if (work->unit == PROGRESS_ITEMS) {
        fprintf(stderr, "%lu\033[K", (unsigned long)work->done);
        return;
    }
    bytes_print(work->done);
    if (work->total) {
        fprintf(stderr, " of ");
        bytes_print(work->total);
    }
    fprintf(stderr, " MiB");
    if (work->total)
        fprintf(stderr, " (%lu %%)", (unsigned long)(work->done * 100 / work->total));
    fprintf(stderr, ", ");
    bytes_print(elapsed_ms ? work->done * 1000 / elapsed_ms : 0);
    fprintf(stderr, " MiB/s\033[K");
}

void progress_add(uint64_t amount)
{
    if (depth == 0)
        return;
    levels[depth - 1].done += amount;
    if (!next_ms)
        return;
    uint64_t now = milliseconds_now();
    if (now < next_ms)
        return;
    next_ms = now + NEXT_MS;
    if (!shown && !screen_is_attended(STDERR_FILENO)) {
        next_ms = 0;
        return;
    }
    struct level work = work_find();
    if (work.unit == PROGRESS_BYTES && !work.total && work.done < SHOWN_BYTES)
        return; /* who waits for a pipe that has next to nothing */
    shown = true;
    line_print(&work, now - work.started_ms);
}

void progress_pause(void)
{
    int reason = errno;
    if (shown)
        fprintf(stderr, "\r\033[K");
    shown = false;
    errno = reason;
}

void progress_end(void)
{
    if (depth == 0)
        return;
    depth--;
    if (depth > 0) {
        if (levels[depth].unit == levels[depth - 1].unit)
            levels[depth - 1].done += levels[depth].done;
        return;
    }
    progress_pause();
    next_ms = 0;
}
