// SPDX-License-Identifier: MIT
#include "windows.h"

#include <stdlib.h>
#include "tool.h"

#define NSEC_PER_MSEC 1000000ul

bool windows_begin(struct windows *windows, uint64_t length_ns, uint64_t now, uint64_t duration_ns)
{
    windows->length_ns = length_ns;
    windows->first = (uint32_t)(now / length_ns);
    windows->room = (uint32_t)(duration_ns / length_ns) * 2 + 2; // it may begin late
    windows->counts = calloc(windows->room, sizeof *windows->counts);
    return windows->counts;
}

void windows_add(struct windows *windows, uint64_t number, uint32_t count)
{
    uint64_t place = number - windows->first;
    if (place < windows->room)
        windows->counts[place] += count;
}

bool windows_write(const struct windows *windows, const char *path, uint64_t end)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    for (uint64_t place = 0; place < windows->room; place++) {
        uint64_t start = (windows->first + place) * windows->length_ns;
        if (start >= end)
            break;
        fprintf(file, "%lu, %u\n", start / NSEC_PER_MSEC, (unsigned)windows->counts[place]);
    }
    return fclose(file) == 0;
}
