// SPDX-License-Identifier: MIT
// ps: the processes, from /proc/PID/stat: number, parent, state, threads, resident KiB, CPU time,
// command.
#include <unistd.h>
#include "process.h"
#include "tool.h"

#define PROCESSES_MAX 4096

static void process_print(const struct process *process)
{
    printf("%5d %5ld %c %3ld %7ld %4ld.%02ld %s\n", process->pid, process->parent, process->state,
           process->threads, process->resident_pages * 4, process->ticks / 100,
           process->ticks % 100, process->name);
}

int main(int argc, char **argv)
{
    static struct process processes[PROCESSES_MAX];
    tool_begin("ps", "");
    while (tool_option(argc, argv, "aefx") >= 0)
        ; /* all processes are shown anyway */
    size_t count = processes_read(processes, PROCESSES_MAX);
    printf("%5s %5s %c %3s %7s %7s %s\n", "PID", "PPID", 'S', "THR", "RSS", "TIME", "COMMAND");
    for (size_t i = 0; i < count; i++)
        process_print(&processes[i]);
    return tool_status();
}
