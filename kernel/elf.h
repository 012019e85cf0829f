// SPDX-License-Identifier: MIT
// ELF64 files of domains: checks every field before use (ELF-64 object file format 1.5; RISC-V ELF
// psABI 1.0). Portable: compiled into the kernel, the host tests and domverify. No memory of its
// own.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct elf_segment {
    uint64_t address, memory_size; // offsets in the slot
    uint64_t file_offset, file_size;
};

struct elf_image {
    struct elf_segment text, rodata, data; // exactly one each: R X, R, RW (data may be empty)
    uint64_t end; // page-aligned end of the last segment: the heap starts here
    // File offsets and counts; 0: none. The relocations are found by the sections.
    uint64_t symbols, symbol_count, strings, strings_size;
    uint64_t sections, section_count;
    uint64_t lines, lines_size; // the table of microcore/line.h, inside the file but not checked
};

// 0, or -ENOEXEC with one line in *reason (static text).
int elf_parse(const uint8_t *file, uint64_t size, struct elf_image *image, const char **reason);

// Calls APPLY for each R_RISCV_64 relocation of rodata and data: the 8 bytes at slot offset PLACE
// become base + VALUE. An absolute address anywhere else, or one out of bounds, is an error.
int elf_relocations(const uint8_t *file, uint64_t size, const struct elf_image *image,
                    int (*apply)(void *context, uint64_t place, uint64_t value), void *context,
                    const char **reason);

// The function that an address (slot offset) lies in, and how far; "?" when the file does not tell.
// The name lies in the file.
const char *elf_symbol(const uint8_t *file, const struct elf_image *image, uint64_t address,
                       uint64_t *distance);
