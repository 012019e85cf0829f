// SPDX-License-Identifier: MIT
#include "process.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "folder.h"
#include "tool.h"

/* Fields after the command name, counted as proc(5) does, from 3. */
enum {
    FIELD_STATE = 3,
    FIELD_PARENT = 4,
    FIELD_USER_TICKS = 14,
    FIELD_SYSTEM_TICKS = 15,
    FIELD_THREADS = 20,
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

/* False if it has ended meanwhile. The name may hold spaces and parentheses: it ends with the last
   one. */
static bool process_read(const char *pid, struct process *process)
{
    char path[64], text[1024];
    long field[FIELD_RESIDENT + 1] = {0};
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    if (!file_read(path, text, sizeof text))
        return false;
    char *name = strchr(text, '('), *end = strrchr(text, ')');
    if (!name || !end)
        return false;
    *end++ = 0;
    *process = (struct process){.pid = atoi(pid), .state = '?'};
    for (int number = FIELD_STATE; number <= FIELD_RESIDENT && *end; number++) {
        end += strspn(end, " ");
        if (number == FIELD_STATE)
            process->state = *end++;
        else
            field[number] = strtol(end, &end, 10);
    }
    process->parent = field[FIELD_PARENT];
    process->ticks = field[FIELD_USER_TICKS] + field[FIELD_SYSTEM_TICKS];
    process->threads = field[FIELD_THREADS];
    process->resident_pages = field[FIELD_RESIDENT];
    snprintf(process->name, sizeof process->name, "%s", name + 1);
    return true;
}

void process_arguments(const struct process *process, char *text, size_t room)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", process->pid);
    int file = open(path, O_RDONLY);
    ssize_t length = file < 0 ? 0 : read(file, text, room - 1);
    if (file >= 0)
        close(file);
    while (length > 0 && !text[length - 1])
        length--;
    if (length <= 0) {
        snprintf(text, room, "[%s]", process->name);
        return;
    }
    for (ssize_t i = 0; i < length; i++)
        if (!isprint((unsigned char)text[i]))
            text[i] = text[i] ? '?' : ' ';
    text[length] = 0;
}

static int process_compare(const void *left, const void *right)
{
    const struct process *a = left, *b = right;
    return (a->pid > b->pid) - (a->pid < b->pid);
}

size_t processes_read(struct process *processes, size_t room)
{
    size_t names_count, count = 0;
    char **names = folder_names("/proc", &names_count);
    if (!names)
        tool_fail("/proc");
    for (size_t i = 0; i < names_count && count < room; i++)
        if (isdigit((unsigned char)names[i][0]) && process_read(names[i], &processes[count]))
            count++;
    folder_names_free(names, names_count);
    qsort(processes, count, sizeof *processes, process_compare);
    return count;
}
