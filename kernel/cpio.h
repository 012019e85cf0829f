// SPDX-License-Identifier: MIT
// The initrd: cpio archives in `newc` form, several behind one another, zeros between.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct cpio_entry {
    const char *name; // terminated, inside the archive, without a leading "./"
    const char *data;
    uint64_t size;
    uint32_t mode;
};

// The entry at *POSITION, which moves behind it. False at the end, or where the archive is broken
// (what is behind is not read). Nothing in it is trusted.
bool cpio_next(const char *archive, uint64_t size, uint64_t *position, struct cpio_entry *entry);
