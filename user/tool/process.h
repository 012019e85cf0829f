// SPDX-License-Identifier: MIT
// The processes, as /proc/PID/stat tells of them.
#pragma once

#include <stddef.h>

struct process {
    int pid;
    long parent;
    char state; /* R, S, T, Z */
    long threads;
    long ticks; /* of CPU time, 100 a second */
    long resident_pages;
    char name[32];
};

/* The command with its arguments, blanks between, or the name in brackets where it has none. */
void process_arguments(const struct process *process, char *text, size_t room);

/* Fills `room` processes in the order of their numbers at most, and returns how many there are in
   it. Ends the tool where /proc cannot be read. */
size_t processes_read(struct process *processes, size_t room);
