// SPDX-License-Identifier: MIT
// test-sources: domains/ramfs/cpio.c
//
// Damaged archives: reading ends, and what an entry says lies in the archive.
#include "fuzz.h"
#include "domains/ramfs/cpio.h"

static bool lies_in(const void *part, uint64_t length, const uint8_t *bytes, size_t size)
{
    const uint8_t *start = part;
    return length == 0 || (start >= bytes && length <= size && start <= bytes + size - length);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    cpio_open(&reader, bytes, size);
    while (cpio_next(&reader, &entry) == 1) {
        fuzz_claim(lies_in(entry.name, entry.name_length + 1, bytes, size),
                   "a name is in the archive");
        fuzz_claim(entry.name[entry.name_length] == '\0', "a name has an end");
        fuzz_claim(lies_in(entry.data, entry.size, bytes, size), "contents are in the archive");
    }
    fuzz_claim(reader.position <= size, "the reader stays in the archive");
}
