// SPDX-License-Identifier: MIT
#include "size.h"

#include "tool.h"

static uint64_t divide_up(uint64_t value, uint64_t by)
{
    return value / by + (value % by != 0);
}

void size_format(uint64_t bytes, char text[SIZE_TEXT])
{
    static const char units[] = "KMGTPE";
    int unit = -1, shift = 0;
    while (divide_up(bytes, 1ul << shift) >= 1024) {
        unit++;
        shift += 10;
    }
    uint64_t scale = 1ul << shift,
             tenths = bytes / scale * 10 + divide_up(bytes % scale * 10, scale);
    if (unit < 0)
        snprintf(text, SIZE_TEXT, "%lu", (unsigned long)bytes);
    else if (tenths < 100)
        snprintf(text, SIZE_TEXT, "%lu.%lu%c", (unsigned long)tenths / 10,
                 (unsigned long)tenths % 10, units[unit]);
    else
        snprintf(text, SIZE_TEXT, "%lu%c", (unsigned long)divide_up(bytes, scale), units[unit]);
}
