// SPDX-License-Identifier: MIT
// The kernel log: a ring of lines `[seconds.micros] hartN subsystem: text`. Any context.
#pragma once
#include <stdint.h>

// Level: does the line also go to the console?
enum log_level {
    LOG_QUIET,   // ring only
    LOG_SHOW,    // console as well, unless the command line says `run`
    LOG_BETWEEN, // the same, between the lines of programs; task context
    LOG_FAULT,   // console always, between the lines of programs; task context
};

void log_line(enum log_level level, const char *subsystem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
uint64_t log_end(void);
// Copies from POSITION on (raised to the oldest byte still there) into core memory; returns the
// count; *position is where it began.
uint64_t log_copy(uint64_t *position, char *destination, uint64_t bytes);
