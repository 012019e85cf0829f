// SPDX-License-Identifier: MIT
// The victim's image as generate.c changes it: its marked functions, and copies of them elsewhere
// in the text that still reach what they refer to.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EBREAK 0x00100073u

struct bytes {
    uint8_t *bytes;
    size_t size;
};

struct image_file {
    struct bytes file;  // what the kernel loads; `words` points into it
    struct bytes debug; // the same with the relocations of its text
    uint32_t *words;    // the text
    size_t count;
    const void *symbols, *relocations; // of the debug file, sorted as the linker left them
    size_t symbol_count, relocation_count;
    const char *strings;
};

// One that begins with the five nops; offsets in the slot.
struct function {
    uint32_t start, body, end;
    size_t first_relocation, relocation_count;
    bool at_start;                     // passed before any case
    size_t first_passed, passed_count; // generate.c's
};

// Ends the program with a line.
void die(const char *subject, const char *why) __attribute__((noreturn));

struct image_file image_read(const char *path, const char *debug_path);
void image_write(const struct image_file *image, const char *path);
uint64_t image_symbol(const struct image_file *image, const char *name);
uint64_t image_symbol_size(const struct image_file *image, const char *name);
// The file's bytes of a variable, which must have room for SIZE.
void *image_data(struct image_file *image, const char *name, size_t size);

// Those functions that can be copied. Returns how many.
size_t functions_find(const struct image_file *image, struct function *functions, size_t max);
// Puts a jump to where the 8 bytes at slot offset POINTER point into the place of the nops.
void stub_write(struct image_file *image, const struct function *function, uint64_t pointer);
// Copies the body to word PLACE of the text. False: it would not reach what it refers to.
bool function_copy(struct image_file *image, const struct function *function, size_t place);
