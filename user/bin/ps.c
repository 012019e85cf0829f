// SPDX-License-Identifier: MIT
// ps: the processes, from /proc/PID/stat: number, parent, state, resident KiB, CPU time, command.
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

/* Fields after the command name, counted as proc(5) does, from 3. */
enum {
    FIELD_STATE = 3,
    FIELD_PARENT = 4,
    FIELD_USER_TICKS = 14,
    FIELD_SYSTEM_TICKS = 15,
    FIELD_RESIDENT = 24
};

static bool file_read(const char *path, char *text, size_t room)
{
    int file = open(path, O_RDONLY);
    if (file < 0)
        return false;
    ssize_t length = read(file, text, room - 1);
    close(file);
    text[length > 0 ? length : 0] = 0;
    return length > 0;
}

/* The name may hold spaces and parentheses: it ends with the last one. */
static void process_print(const char *pid)
{
    char path[64], text[1024];
    long field[FIELD_RESIDENT + 1] = {0};
    char state = '?';
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    if (!file_read(path, text, sizeof text))
        return; /* it has ended meanwhile */
    char *name = strchr(text, '('), *end = strrchr(text, ')');
    if (!name || !end)
        return;
    *end++ = 0;
    for (int number = FIELD_STATE; number <= FIELD_RESIDENT && *end; number++) {
        end += strspn(end, " ");
        if (number == FIELD_STATE)
            state = *end++;
        else
            field[number] = strtol(end, &end, 10);
    }
    long ticks = field[FIELD_USER_TICKS] + field[FIELD_SYSTEM_TICKS];
    printf("%5s %5ld %c %7ld %4ld.%02ld %s\n", pid, field[FIELD_PARENT], state,
           field[FIELD_RESIDENT] * 4, ticks / 100, ticks % 100, name + 1);
}

static int pid_compare(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

int main(int argc, char **argv)
{
    static int pids[4096];
    size_t count = 0;
    tool_begin("ps", "");
    while (tool_option(argc, argv, "aefx") >= 0)
        ; /* all processes are shown anyway */
    DIR *stream = opendir("/proc");
    if (!stream)
        tool_fail("/proc");
    for (struct dirent *entry; (entry = readdir(stream)) && count < sizeof pids / sizeof *pids;)
        if (isdigit((unsigned char)entry->d_name[0]))
            pids[count++] = atoi(entry->d_name);
    closedir(stream);
    qsort(pids, count, sizeof *pids, pid_compare);
    printf("%5s %5s %c %7s %7s %s\n", "PID", "PPID", 'S', "RSS", "TIME", "COMMAND");
    for (size_t i = 0; i < count; i++) {
        char pid[16];
        snprintf(pid, sizeof pid, "%d", pids[i]);
        process_print(pid);
    }
    return tool_status();
}
