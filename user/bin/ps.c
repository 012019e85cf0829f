// SPDX-License-Identifier: MIT
// ps: the processes, from /proc. -f: with their arguments, -p: only those, -o: only those columns.
// -e, -a, -A, -x and -u mean all processes, as without them; `ps aux` and `ps 12` are understood.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "process.h"
#include "tool.h"

#define PROCESSES_MAX 4096
#define COLUMNS_MAX   16
#define PIDS_MAX      64

// ---- Columns ----

static void pid_print(const struct process *process, int width)
{
    printf("%*d", width, process->pid);
}

static void parent_print(const struct process *process, int width)
{
    printf("%*ld", width, process->parent);
}

static void state_print(const struct process *process, int width)
{
    printf("%*c", width, process->state);
}

static void threads_print(const struct process *process, int width)
{
    printf("%*ld", width, process->threads);
}

static void memory_print(const struct process *process, int width)
{
    printf("%*ld", width, process->resident_pages * 4);
}

static void time_print(const struct process *process, int width)
{
    printf("%*ld.%02ld", width - 3, process->ticks / 100, process->ticks % 100);
}

static void name_print(const struct process *process, int width)
{
    printf("%-*s", width, process->name);
}

static void arguments_print(const struct process *process, int width)
{
    char text[1024];
    process_arguments(process, text, sizeof text);
    printf("%-*s", width, text);
}

static const struct column {
    const char *name, *title;
    int width; /* negative: to the left; the last column is as wide as it is */
    void (*print)(const struct process *process, int width);
} all[] = {
    {"pid", "PID", 5, pid_print},
    {"ppid", "PPID", 5, parent_print},
    {"s", "S", 1, state_print},
    {"stat", "S", 1, state_print},
    {"nlwp", "THR", 3, threads_print},
    {"rss", "RSS", 7, memory_print},
    {"time", "TIME", 7, time_print},
    {"comm", "COMMAND", -15, name_print},
    {"args", "COMMAND", -15, arguments_print},
};
#define ALL (int)(sizeof all / sizeof *all)

static const struct column *columns[COLUMNS_MAX];
static int column_count;

static void columns_choose(const char *names)
{
    while (*names) {
        size_t length = strcspn(names, ", ");
        int i = 0;
        while (i < ALL &&
               (strlen(all[i].name) != length || strncmp(all[i].name, names, length) != 0))
            i++;
        if (i == ALL || column_count == COLUMNS_MAX)
            tool_usage_error("%s: not columns (pid ppid s nlwp rss time comm args)", names);
        columns[column_count++] = &all[i];
        names += length + (names[length] != 0);
    }
}

/* NULL: the titles. */
static void row_print(const struct process *process)
{
    for (int i = 0; i < column_count; i++) {
        const struct column *column = columns[i];
        bool left = column->width < 0, last = i == column_count - 1;
        int width = left ? (last ? 0 : -column->width) : column->width;
        if (i > 0)
            putchar(' ');
        if (process)
            column->print(process, width);
        else
            printf(left ? "%-*s" : "%*s", width, column->title);
    }
    putchar('\n');
}

// ---- Which processes ----

static int pids[PIDS_MAX], pid_count;

static void pids_choose(const char *text)
{
    while (*text) {
        char *end;
        long pid = strtol(text, &end, 10);
        if (end == text || (*end && !strchr(", ", *end)) || pid_count == PIDS_MAX)
            tool_usage_error("%s: not numbers of processes", text);
        pids[pid_count++] = (int)pid;
        text = end + (*end != 0);
    }
}

static bool is_wanted(const struct process *process)
{
    for (int i = 0; i < pid_count; i++)
        if (pids[i] == process->pid)
            return true;
    return pid_count == 0;
}

int main(int argc, char **argv)
{
    static struct process processes[PROCESSES_MAX];
    bool full = false, found = false;
    tool_begin("ps", "[-Aaefux] [-p PID,...] [-o COLUMN,...]");
    for (int letter; (letter = tool_option(argc, argv, "Aaefuxwp:o:")) >= 0;) {
        full |= letter == 'f' || letter == 'u';
        if (letter == 'p')
            pids_choose(optarg);
        if (letter == 'o')
            columns_choose(optarg);
    }
    for (int i = optind; i < argc; i++) {
        if (isdigit((unsigned char)*argv[i]))
            pids_choose(argv[i]);
        else if (strspn(argv[i], "aefuxw") == strlen(argv[i]))
            full |= strpbrk(argv[i], "fu") != NULL;
        else
            tool_usage_error("%s: not expected", argv[i]);
    }
    if (!column_count)
        columns_choose(full ? "pid,ppid,s,nlwp,rss,time,args" : "pid,ppid,s,nlwp,rss,time,comm");
    size_t count = processes_read(processes, PROCESSES_MAX);
    row_print(NULL);
    for (size_t i = 0; i < count; i++) {
        if (!is_wanted(&processes[i]))
            continue;
        row_print(&processes[i]);
        found = true;
    }
    return found ? tool_status() : 1;
}
