// SPDX-License-Identifier: MIT
#include "cpio.h"

#include <stdbool.h>
#include <string.h>

#define HEADER_SIZE 110
#define MAGIC_SIZE  6
#define FIELD_SIZE  8
#define TRAILER     "TRAILER!!!"

// The fields that follow the magic, 8 hexadecimal digits each.
enum cpio_field {
    FIELD_INODE,
    FIELD_MODE,
    FIELD_USER,
    FIELD_GROUP,
    FIELD_LINKS,
    FIELD_MODIFIED,
    FIELD_SIZE_OF_DATA,
    FIELD_DEVICE_MAJOR,
    FIELD_DEVICE_MINOR,
    FIELD_NODE_MAJOR,
    FIELD_NODE_MINOR,
    FIELD_SIZE_OF_NAME,
    FIELD_CHECK,
    FIELD_COUNT,
};

void cpio_open(struct cpio_reader *reader, const void *bytes, uint64_t length)
{
    *reader = (struct cpio_reader){.bytes = bytes, .length = length};
}

static int digit_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

static bool field_read(const uint8_t *text, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < FIELD_SIZE; i++) {
        int digit = digit_value(text[i]);
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

static bool header_read(const uint8_t *header, uint32_t fields[FIELD_COUNT])
{
    if (memcmp(header, "070701", MAGIC_SIZE) != 0 && memcmp(header, "070702", MAGIC_SIZE) != 0)
        return false;
    for (int i = 0; i < FIELD_COUNT; i++)
        if (!field_read(header + MAGIC_SIZE + i * FIELD_SIZE, &fields[i]))
            return false;
    return true;
}

static uint64_t aligned(uint64_t position)
{
    return (position + 3) & ~(uint64_t)3;
}

// Reads one entry, a trailer too, and moves past it. Sums cannot overflow: fields have 32 bits.
static int entry_read(struct cpio_reader *reader, struct cpio_entry *entry)
{
    uint32_t fields[FIELD_COUNT];
    uint64_t start = reader->position;
    if (reader->length - start < HEADER_SIZE || !header_read(reader->bytes + start, fields))
        return -1;
    uint64_t name = start + HEADER_SIZE;
    uint32_t name_size = fields[FIELD_SIZE_OF_NAME];
    if (name_size == 0 || name_size > reader->length - name)
        return -1;
    uint64_t data = aligned(name + name_size);
    uint64_t size = fields[FIELD_SIZE_OF_DATA];
    if (size && (data > reader->length || size > reader->length - data))
        return -1;
    const char *text = (const char *)reader->bytes + name;
    if (memchr(text, '\0', name_size) != text + name_size - 1)
        return -1;
    *entry = (struct cpio_entry){
        .name = text,
        .name_length = name_size - 1,
        .mode = fields[FIELD_MODE],
        .links = fields[FIELD_LINKS],
        .inode = fields[FIELD_INODE],
        .modified = fields[FIELD_MODIFIED],
        .data = size ? reader->bytes + data : NULL,
        .size = size,
        .archive = reader->archive,
    };
    uint64_t next = aligned(data + size);
    reader->position = next < reader->length ? next : reader->length;
    return 1;
}

int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry)
{
    for (;;) {
        while (reader->position < reader->length && reader->bytes[reader->position] == 0)
            reader->position++;
        if (reader->position == reader->length)
            return 0;
        int result = entry_read(reader, entry);
        if (result < 0 || strcmp(entry->name, TRAILER) != 0)
            return result;
        reader->archive++;
    }
}
