// SPDX-License-Identifier: MIT
#include "kernel/cpio.h"
#include "microcore/string.h"

#define HEADER_SIZE 110 // "070701", then 13 fields of 8 hexadecimal digits

enum { FIELD_MODE = 1, FIELD_FILE_SIZE = 6, FIELD_NAME_SIZE = 11 };

static bool hexadecimal(const char *digits, uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < 8; i++) {
        char c = digits[i];
        uint64_t digit = c >= '0' && c <= '9'   ? (uint64_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint64_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint64_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

static uint64_t align4(uint64_t position)
{
    return (position + 3) & ~3ull;
}

// Reads one header at POSITION. *next receives the place behind the entry.
static bool entry_read(const char *archive, uint64_t size, uint64_t position,
                       struct cpio_entry *entry, uint64_t *next)
{
    const char *header = archive + position;
    uint64_t mode, file_size, name_size;
    if (size - position < HEADER_SIZE || memcmp(header, "070701", 6))
        return false;
    if (!hexadecimal(header + 6 + 8 * FIELD_MODE, &mode) ||
        !hexadecimal(header + 6 + 8 * FIELD_FILE_SIZE, &file_size) ||
        !hexadecimal(header + 6 + 8 * FIELD_NAME_SIZE, &name_size))
        return false;
    uint64_t data = align4(position + HEADER_SIZE + name_size);
    if (!name_size || data > size || file_size > size - data || header[HEADER_SIZE + name_size - 1])
        return false;
    entry->name = header + HEADER_SIZE;
    if (!strncmp(entry->name, "./", 2))
        entry->name += 2;
    entry->data = archive + data;
    entry->size = file_size;
    entry->mode = (uint32_t)mode;
    *next = align4(data + file_size);
    return true;
}

bool cpio_next(const char *archive, uint64_t size, uint64_t *position, struct cpio_entry *entry)
{
    for (;;) {
        while (*position < size && !archive[*position])
            ++*position; // padding between archives
        uint64_t next;
        if (*position >= size || !entry_read(archive, size, *position, entry, &next))
            return false;
        *position = next < size ? next : size;
        if (strcmp(entry->name, "TRAILER!!!"))
            return true;
    }
}
