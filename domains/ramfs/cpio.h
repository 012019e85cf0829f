// SPDX-License-Identifier: MIT
// Reads archives in the "newc" format of cpio(5) ("070701", or "070702" whose checksum is ignored).
// The bytes are somebody else's: every length is checked against what is there before it is used.
// Several archives may follow each other, with zeros between them.
#pragma once
#include <stdint.h>

struct cpio_entry {
    const char *name; // in the archive, ends with a NUL
    uint32_t name_length;
    uint32_t mode;
    uint32_t links;
    uint32_t inode;      // entries of one archive with the same number are one file
    uint64_t modified;   // seconds since 1970
    const uint8_t *data; // in the archive
    uint64_t size;
    uint32_t archive; // 0 for the first archive, 1 for the second, ...
};

struct cpio_reader {
    const uint8_t *bytes;
    uint64_t length;
    uint64_t position; // where the next header is expected; after an error: of the bad one
    uint32_t archive;
};

// Starts to read LENGTH bytes, which must stay as they are while entries are in use.
void cpio_open(struct cpio_reader *reader, const void *bytes, uint64_t length);

// The next entry; trailers are passed over. Returns 1, 0 at the end, or -1 if there is no valid
// entry at `position`: then there is nothing more to read.
int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry);
