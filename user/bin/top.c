// SPDX-License-Identifier: MIT
// top: the processes that use most CPU time, again and again; q quits. -d: seconds between two
// screens, -n: how many, -b: lists one below the other, without keys. Where nobody sits at a
// terminal: one list.
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "process.h"
#include "screen.h"
#include "tool.h"

#define PROCESSES_MAX 4096

struct sample {
    struct process processes[PROCESSES_MAX];
    size_t count;
    long time_ms;
};

static void sample_take(struct sample *sample)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sample->time_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
    sample->count = processes_read(sample->processes, PROCESSES_MAX);
}

static long ticks_before(const struct sample *sample, const struct process *process)
{
    for (size_t i = 0; i < sample->count; i++)
        if (sample->processes[i].pid == process->pid &&
            sample->processes[i].ticks <= process->ticks)
            return sample->processes[i].ticks;
    return 0;
}

/* Who used most since the sample before comes first; `ticks` becomes what that is. */
static int usage_compare(const void *left, const void *right)
{
    const struct process *a = left, *b = right;
    if (a->ticks != b->ticks)
        return a->ticks < b->ticks ? 1 : -1;
    return (a->pid > b->pid) - (a->pid < b->pid);
}

/* The value of a line of /proc/meminfo in MiB. */
static long memory_read(const char *name)
{
    char line[128];
    long value = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10) >> 10;
    if (file)
        fclose(file);
    return value;
}

static void screen_print(const struct sample *old, const struct sample *now, int rows)
{
    static struct process sorted[PROCESSES_MAX];
    long elapsed = now->time_ms > old->time_ms ? now->time_ms - old->time_ms : 1;
    memcpy(sorted, now->processes, now->count * sizeof *sorted);
    for (size_t i = 0; i < now->count; i++)
        sorted[i].ticks -= ticks_before(old, &sorted[i]);
    qsort(sorted, now->count, sizeof *sorted, usage_compare);
    printf("%zu processes, %ld of %ld MiB free\n", now->count, memory_read("MemFree:"),
           memory_read("MemTotal:"));
    printf("%5s %5s %c %7s %5s %s\n", "PID", "PPID", 'S', "RSS", "%CPU", "COMMAND");
    for (size_t i = 0; i < now->count && (rows <= 0 || i + 4 < (size_t)rows); i++) {
        long tenths = sorted[i].ticks * 10000 / elapsed; /* a tick is 10 ms */
        printf("%5d %5ld %c %7ld %3ld.%ld %s\n", sorted[i].pid, sorted[i].parent, sorted[i].state,
               sorted[i].resident_pages * 4, tenths / 10, tenths % 10, sorted[i].name);
    }
}

static void screens_show(long seconds, long most)
{
    static struct sample samples[2];
    int rows, columns, now = 0;
    sample_take(&samples[0]);
    screen_keys_begin(STDOUT_FILENO);
    for (long i = 0; most == 0 || i < most; i++) {
        screen_size(STDOUT_FILENO, &rows, &columns);
        printf("\033[H\033[J");
        screen_print(&samples[!now], &samples[now], rows);
        printf("q quits\n");
        fflush(stdout);
        if (i + 1 == most || screen_key((int)seconds * 1000) == 'q')
            return;
        now = !now;
        sample_take(&samples[now]);
    }
}

/* As many lists as are wanted, one below the other. */
static void lists_print(long seconds, long most)
{
    static struct sample samples[2];
    struct timespec pause = {.tv_sec = seconds};
    for (long i = 0, now = 0; most == 0 || i < most; i++, now = !now) {
        if (i > 0)
            putchar('\n');
        sample_take(&samples[now]);
        screen_print(&samples[!now], &samples[now], 0);
        fflush(stdout);
        tool_output_check();
        if (i + 1 != most)
            nanosleep(&pause, NULL);
    }
}

int main(int argc, char **argv)
{
    long seconds = 1, most = 0;
    bool batch = false;
    tool_begin("top", "[-b] [-d SECONDS] [-n SCREENS]");
    for (int letter; (letter = tool_option(argc, argv, "bd:n:")) >= 0;) {
        batch |= letter == 'b';
        if (letter == 'b')
            continue;
        long *value = letter == 'd' ? &seconds : &most;
        if (!tool_number(optarg, 1, 86400, value))
            tool_usage_error("%s: not a number from 1 to 86400", optarg);
    }
    if (optind < argc)
        tool_usage_error("%s: not expected", argv[optind]);
    if (batch)
        lists_print(seconds, most);
    else if (screen_is_attended(STDOUT_FILENO))
        screens_show(seconds, most);
    else
        lists_print(seconds, most ? most : 1);
    return tool_status();
}
