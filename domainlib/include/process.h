// SPDX-License-Identifier: MIT
// What travels through the `process` interface beside integers.
#pragma once
#include <stdint.h>

#define PROCESS_NAME_SIZE      32
#define PROCESS_ARGUMENTS_SIZE 256

enum process_state { PROCESS_RUNNING, PROCESS_SLEEPING, PROCESS_STOPPED, PROCESS_ZOMBIE };

// One process, as process.info tells it; the method's value is its number.
struct process_info {
    uint32_t pid, parent, group, session;
    uint32_t foreground; // the foreground group of its terminal, 0: it has none
    uint32_t state;      // enum process_state
    uint64_t pages;      // resident
    uint64_t started;    // nanoseconds since boot
    uint64_t calls;      // system calls made
    // CPU time in ns, its own and that of children which it has waited for (and of theirs).
    uint64_t user_ns, system_ns, children_user_ns, children_system_ns;
    // Of the calling user thread, as core_user_cookie tells it, if it is one of this process; else
    // of its first thread; 0: a zombie.
    uint64_t cookie;
    char name[PROCESS_NAME_SIZE];           // of the program, ends with a NUL
    char arguments[PROCESS_ARGUMENTS_SIZE]; // each ends with a NUL
    uint32_t arguments_length;
    uint32_t threads; // 0: a zombie
};
