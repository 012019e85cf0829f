// SPDX-License-Identifier: MIT
// How many requests ended in each window of time: the log that shows what a crash or an update
// costs at that moment.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Windows are counted from the system's start: number N begins N lengths after it. */
struct windows {
    uint64_t length_ns;
    uint32_t first, room; /* the first window's number, and how many there may be; 0: no log */
    uint32_t *counts;
};

/* False: no memory. */
bool windows_begin(struct windows *windows, uint64_t length_ns, uint64_t now, uint64_t duration_ns);

/* COUNT requests in window NUMBER; what lies outside is left out. */
void windows_add(struct windows *windows, uint64_t number, uint32_t count);

/* Writes a line `MILLISECONDS, REQUESTS` for each window up to END (ns). False and errno. */
bool windows_write(const struct windows *windows, const char *path, uint64_t end);
