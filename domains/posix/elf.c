// SPDX-License-Identifier: MIT
#include "elf.h"

#include <string.h>
#include "kernel/abi/core_entry.h"

#define CLASS_64            2
#define LITTLE_ENDIAN_DATA  1
#define TYPE_EXECUTABLE     2
#define MACHINE_RISCV       243
#define SEGMENT_LOAD        1
#define SEGMENT_INTERPRETER 3
#define SEGMENT_EXECUTE     1u
#define SEGMENT_WRITE       2u
#define SEGMENT_READ        4u
#define PAGE_MASK           0xFFFu

struct elf_header {
    uint8_t magic[4], class, data, version, system, unused[8];
    uint16_t type, machine;
    uint32_t version_2;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, name_section;
};

struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

static bool header_fits(const struct elf_header *header, uint64_t length)
{
    if (memcmp(header->magic, "\177ELF", 4) != 0 || header->class != CLASS_64 ||
        header->data != LITTLE_ENDIAN_DATA)
        return false;
    if (header->type != TYPE_EXECUTABLE || header->machine != MACHINE_RISCV)
        return false;
    if (header->program_header_size != sizeof(struct program_header) ||
        header->program_header_count == 0 || header->program_header_count > ELF_SEGMENTS_MAX)
        return false;
    uint64_t size = (uint64_t)header->program_header_count * sizeof(struct program_header);
    return header->program_headers <= length && size <= length - header->program_headers;
}

bool elf_is_whole(const void *bytes, uint64_t length)
{
    struct elf_header header;
    if (length < sizeof header)
        return false;
    memcpy(&header, bytes, sizeof header);
    return header_fits(&header, length);
}

static uint32_t protection_of(uint32_t flags)
{
    return (flags & SEGMENT_READ ? PROTECTION_READ : 0) |
           (flags & SEGMENT_WRITE ? PROTECTION_WRITE : 0) |
           (flags & SEGMENT_EXECUTE ? PROTECTION_EXECUTE : 0);
}

// Takes one segment over if it lies in the file, in the address range and above the one before.
static bool segment_add(struct elf_program *program, const struct program_header *header,
                        uint64_t file_size, uint64_t lowest, uint64_t highest)
{
    uint64_t above =
        program->segment_count ? (program->end + PAGE_MASK) & ~(uint64_t)PAGE_MASK : lowest;
    if (header->memory_size == 0)
        return true;
    if (header->file_size > header->memory_size || header->offset > file_size ||
        header->file_size > file_size - header->offset)
        return false;
    if ((header->address & ~(uint64_t)PAGE_MASK) < above || header->address >= highest ||
        header->memory_size > highest - header->address)
        return false;
    program->segments[program->segment_count++] = (struct elf_segment){
        .address = header->address,
        .memory_size = header->memory_size,
        .offset = header->offset,
        .file_size = header->file_size,
        .protection = protection_of(header->flags),
    };
    program->end = header->address + header->memory_size;
    return true;
}

static bool entry_is_code(const struct elf_program *program)
{
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        if (program->entry >= segment->address &&
            program->entry - segment->address < segment->memory_size)
            return segment->protection & PROTECTION_EXECUTE;
    }
    return false;
}

// The program headers are in memory if a segment holds that part of the file.
static void headers_find(struct elf_program *program, uint64_t offset)
{
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        if (offset >= segment->offset && offset - segment->offset < segment->file_size)
            program->headers = segment->address + (offset - segment->offset);
    }
}

bool elf_read(const void *bytes, uint64_t length, uint64_t file_size, uint64_t lowest,
              uint64_t highest, struct elf_program *program)
{
    struct elf_header header;
    memset(program, 0, sizeof *program);
    if (length < sizeof header)
        return false;
    memcpy(&header, bytes, sizeof header);
    if (!header_fits(&header, length))
        return false;
    for (uint32_t i = 0; i < header.program_header_count; i++) {
        struct program_header each;
        memcpy(&each, (const uint8_t *)bytes + header.program_headers + i * sizeof each,
               sizeof each);
        if (each.type == SEGMENT_INTERPRETER)
            return false;
        if (each.type == SEGMENT_LOAD && !segment_add(program, &each, file_size, lowest, highest))
            return false;
    }
    program->entry = header.entry;
    program->header_count = header.program_header_count;
    program->header_size = header.program_header_size;
    headers_find(program, header.program_headers);
    return entry_is_code(program);
}
