// SPDX-License-Identifier: MIT
// Reads the headers of a static ELF-64 program for riscv64 (System V gABI, chapter 4 and 5).
// Portable and without any call, so it is tested on the host. The file is anybody's: every field is
// checked.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define ELF_HEADER_ROOM  4096u // headers must lie in this many bytes at the file's start
#define ELF_HEADER_USUAL 512u  // and mostly lie in these
#define ELF_SEGMENTS_MAX 16u

struct elf_segment {
    uint64_t address, memory_size;
    uint64_t offset, file_size; // in the file; file_size <= memory_size
    uint32_t protection;        // PROTECTION_*
};

struct elf_program {
    uint64_t entry;
    uint64_t headers; // where the program headers lie in memory, 0: nowhere
    uint32_t header_count, header_size;
    uint64_t end; // one past the last byte of the highest segment
    uint32_t segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX]; // ascending, no page belongs to two
};

// Are these first LENGTH bytes of a file all of a program's headers?
bool elf_is_whole(const void *bytes, uint64_t length);

// BYTES: the first LENGTH bytes of a file of FILE_SIZE. Addresses must lie in [LOWEST, HIGHEST).
// Returns false where this is no program that can be loaded.
bool elf_read(const void *bytes, uint64_t length, uint64_t file_size, uint64_t lowest,
              uint64_t highest, struct elf_program *program);
