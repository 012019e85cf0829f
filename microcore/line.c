// SPDX-License-Identifier: MIT
#include "microcore/line.h"
#include <stddef.h>
#include "microcore/string.h"

// What has not been read of the rows yet.
struct rows {
    const uint8_t *at, *end;
};

static uint64_t number_read(struct rows *rows)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; rows->at < rows->end && shift < 64; shift += 7) {
        uint8_t byte = *rows->at++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            break;
    }
    return value;
}

const char *line_find(const uint8_t *table, uint64_t size, uint64_t offset, uint64_t *line)
{
    uint32_t names_size;
    *line = 0;
    if (size < LINES_HEADER || memcmp(table, LINES_MAGIC, 8))
        return NULL;
    memcpy(&names_size, table + 8, sizeof(names_size));
    const char *names = (const char *)table + LINES_HEADER;
    if (!names_size || names_size > size - LINES_HEADER || names[names_size - 1])
        return NULL;
    struct rows rows = {(const uint8_t *)names + names_size, table + size};
    uint64_t word = 0, name = 0;
    while (rows.at < rows.end) {
        uint64_t step = number_read(&rows);
        word += step >> 1;
        if (word > offset / 4)
            break;
        if (step & 1)
            name = number_read(&rows);
        uint64_t change = number_read(&rows);
        *line += change >> 1 ^ -(change & 1);
    }
    return *line && name < names_size ? names + name : NULL;
}
