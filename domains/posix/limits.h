// SPDX-License-Identifier: MIT
// What a process may use at most, as getrlimit tells it: inherited over fork, kept over execve.
// Only limits that are obeyed can be set; the others have the one value that is true (limits.c).
#pragma once
#include <stdint.h>

// Those that are kept: few, as each fork copies them.
enum limit_kept {
    LIMIT_FILE_SIZE,
    LIMIT_STACK,
    LIMIT_PROCESSES,
    LIMIT_FILES,
    LIMIT_ADDRESSES,
    LIMITS,
};

#define LIMIT_NONE UINT64_MAX

// What is asked for counts, up to the other one, which can only be lowered. struct rlimit of Linux.
struct limit {
    uint64_t now, most;
};

struct limits {
    struct limit of[LIMITS];
};

struct thread;

// Those of the first process.
void limits_begin(struct limits *limits);

// How many bytes from POSITION on, of N, may be written to a file. 0, where N is not: none, and the
// thread was sent SIGXFSZ, so that the call ends with -EFBIG.
uint64_t limit_file_bytes(struct thread *thread, uint64_t position, uint64_t n);
