// SPDX-License-Identifier: MIT
// Images: domain ELF files that the core knows by name, held in core memory so that block and file
// services can be restarted. An image's text frames are verified once and shared by its instances.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/manifest.h"
#include "kernel/elf.h"

struct slot;

struct image {
    struct domain_header header;          // copied out and checked
    uint64_t methods[DOMAIN_METHODS_MAX]; // slot offsets, checked
    struct method_description descriptions[DOMAIN_METHODS_MAX];
    struct elf_image elf; // where its segments are in `file`
    const uint8_t *file;  // the bytes (the initrd's own, or a core_alloc'ed copy)
    uint64_t size;
    char from[24]; // "initrd" or "file"
    uint64_t checksum;
    uint32_t users; // instances
    uint32_t newer; // another image of that name counts from now on
    // Text, verified: frames shared by all instances.
    bool verified;
    uint64_t *text_frames; // physical, one for each page
    uint32_t text_pages;
    uint64_t instructions, guarded_stores, guarded_loads;
    uint64_t verify_ns;
    // Slot offsets of the addresses in its data, which an instance's base is added to.
    uint32_t *relocations;
    uint64_t relocation_count;
    struct image *next;
};

extern struct image *images; // LOCK_CONTROL

// Checks a file, verifies its text and makes it known. COPY: the bytes are copied first (they are
// somebody else's). REASON receives one line without newline when it is refused: what is wrong,
// where. Returns NULL when refused; *known: the same bytes were known already.
struct image *image_register(const void *file, uint64_t size, const char *from, bool copy,
                             bool *known, char *reason, uint64_t reason_size);
struct image *image_find(const char *name); // the newest of that name

// Forgets all images of that name that came from files and that no instance and no service needs.
// Control task. 0, or -ENOENT, -EBUSY with one line in REASON.
int64_t image_forget(const char *name, char *reason, uint64_t reason_size);

// Maps text, read-only data and data of an image, which registering verified, into a slot;
// relocates.
int image_load(struct image *image, struct slot *slot, char *reason, uint64_t reason_size);
// function+offset for a text offset in a slot; name points into the image; "?" when unknown.
const char *image_symbol(const struct image *image, uint64_t offset, uint64_t *distance);
// The same for file and line; NULL when unknown.
const char *image_line(const struct image *image, uint64_t offset, uint64_t *line);
// `domain verify`: the line of the contract, without newline. 0 accepted, -ENOEXEC refused.
int image_judge(const void *file, uint64_t size, char *line, uint64_t line_size);
