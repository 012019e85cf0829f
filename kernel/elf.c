// SPDX-License-Identifier: MIT
#include "kernel/elf.h"
#include "kernel/abi/error.h"
#include "kernel/abi/layout.h"
#include "microcore/line.h"
#include "microcore/string.h"

#define PAGE_BYTES 4096u

enum {
    ELF_EXECUTABLE = 2, // ET_EXEC
    ELF_RISCV = 243,    // EM_RISCV
    ELF_COMPRESSED = 1, // EF_RISCV_RVC
    SEGMENT_LOAD = 1,
    SEGMENT_DYNAMIC = 2,
    SEGMENT_INTERPRETER = 3,
    SEGMENT_EXECUTE = 1,
    SEGMENT_WRITE = 2,
    SEGMENT_READ = 4,
    SECTION_BYTES = 1, // SHT_PROGBITS
    SECTION_SYMBOLS = 2,
    SECTION_RELOCATIONS = 4, // SHT_RELA
    SECTION_ALLOCATED = 2,   // SHF_ALLOC
    SYMBOL_ABSOLUTE = 0xFFF1,
    SYMBOL_FUNCTION = 2, // STT_FUNC
    RELOCATION_32 = 1,
    RELOCATION_64 = 2,
    RELOCATION_DYNAMIC_FIRST = 3, // RELATIVE, COPY, JUMP_SLOT, TLS_*: a dynamic linker's
    RELOCATION_DYNAMIC_LAST = 12,
};

struct elf_header {
    uint8_t identity[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segment_offset, section_offset;
    uint32_t flags;
    uint16_t header_size, segment_size, segment_count;
    uint16_t section_size, section_count, names_index;
};

struct segment_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

struct section_header {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t align, entry_size;
};

struct relocation {
    uint64_t place, info;
    int64_t addend;
};

struct symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

_Static_assert(sizeof(struct elf_header) == 64 && sizeof(struct segment_header) == 56 &&
                   sizeof(struct section_header) == 64 && sizeof(struct relocation) == 24 &&
                   sizeof(struct symbol) == 24,
               "as the ELF-64 object file format lays them out");

static int refuse(const char **reason, const char *why)
{
    *reason = why;
    return -ENOEXEC;
}

// Is [offset, offset + bytes) inside a file of SIZE bytes?
static bool inside(uint64_t offset, uint64_t bytes, uint64_t size)
{
    return offset <= size && bytes <= size - offset;
}

static int header_check(const struct elf_header *header, const char **reason)
{
    static const uint8_t identity[7] = {0x7F, 'E', 'L', 'F', 2, 1, 1}; // 64 bits, little endian
    if (memcmp(header->identity, identity, sizeof(identity)))
        return refuse(reason, "not a 64-bit little-endian ELF file");
    if (header->machine != ELF_RISCV)
        return refuse(reason, "built for another machine than RISC-V");
    if (header->type != ELF_EXECUTABLE || header->version != 1)
        return refuse(reason, "not an executable: link it with linker/domain.ld and ld -q");
    if (header->flags)
        return refuse(reason, header->flags & ELF_COMPRESSED
                                  ? "has compressed instructions (build it with sfi-cc)"
                                  : "built for another ABI than lp64 (build it with sfi-cc)");
    if (header->header_size != sizeof(*header) ||
        header->segment_size != sizeof(struct segment_header) ||
        (header->section_count && header->section_size != sizeof(struct section_header)))
        return refuse(reason, "header sizes are not those of ELF-64");
    return 0;
}

static int segment_check(const struct segment_header *header, uint64_t size, const char **reason)
{
    if (header->file_size > header->memory_size)
        return refuse(reason, "a segment is longer in the file than in memory");
    if (!inside(header->offset, header->file_size, size))
        return refuse(reason, "a segment lies outside the file: truncated?");
    if (header->address % PAGE_BYTES)
        return refuse(reason, "a segment does not begin at a page boundary");
    if (header->address < SLOT_TEXT ||
        !inside(header->address, header->memory_size, SLOT_IMAGE_LIMIT))
        return refuse(reason, "a segment lies outside 0x10000 .. 0x20000000 of the slot");
    return 0;
}

// Notes one PT_LOAD: text, read-only data or data, by its rights.
static int segment_place(const struct segment_header *header, struct elf_image *image,
                         const char **reason)
{
    struct elf_segment *segment;
    if (header->flags == (SEGMENT_READ | SEGMENT_EXECUTE))
        segment = &image->text;
    else if (header->flags == SEGMENT_READ)
        segment = &image->rodata;
    else if (header->flags == (SEGMENT_READ | SEGMENT_WRITE))
        segment = &image->data;
    else
        return refuse(reason, "a segment has other rights than RX, R or RW");
    if (segment->memory_size)
        return refuse(reason, "two segments have the same rights");
    *segment = (struct elf_segment){header->address, header->memory_size, header->offset,
                                    header->file_size};
    return 0;
}

static int segments_read(const uint8_t *file, uint64_t size, const struct elf_header *header,
                         struct elf_image *image, const char **reason)
{
    if (!inside(header->segment_offset, header->segment_count * sizeof(struct segment_header),
                size))
        return refuse(reason, "the program headers lie outside the file: truncated?");
    for (uint32_t i = 0; i < header->segment_count; i++) {
        struct segment_header segment;
        memcpy(&segment, file + header->segment_offset + i * sizeof(segment), sizeof(segment));
        if (segment.type == SEGMENT_DYNAMIC || segment.type == SEGMENT_INTERPRETER)
            return refuse(reason, "dynamically linked: link it with linker/domain.ld and ld -q");
        if (segment.type != SEGMENT_LOAD || !segment.memory_size)
            continue;
        int error = segment_check(&segment, size, reason);
        if (!error)
            error = segment_place(&segment, image, reason);
        if (error)
            return error;
    }
    return 0;
}

static uint64_t page_end(const struct elf_segment *segment)
{
    uint64_t end = segment->address + segment->memory_size;
    return (end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

// Do two segments share a page?
static bool overlap(const struct elf_segment *a, const struct elf_segment *b)
{
    return a->memory_size && b->memory_size && a->address < page_end(b) && b->address < page_end(a);
}

static int layout_check(struct elf_image *image, const char **reason)
{
    const struct elf_segment *text = &image->text, *rodata = &image->rodata, *data = &image->data;
    if (text->address != SLOT_TEXT || !rodata->memory_size)
        return refuse(reason, "lacks a text segment at 0x10000 or a read-only data segment");
    if (text->file_size % 4 || text->file_size != text->memory_size)
        return refuse(reason, "the text segment is not a whole number of instructions");
    if (overlap(text, rodata) || overlap(text, data) || overlap(rodata, data))
        return refuse(reason, "two segments share a page");
    image->end = page_end(text);
    if (page_end(rodata) > image->end)
        image->end = page_end(rodata);
    if (data->memory_size && page_end(data) > image->end)
        image->end = page_end(data);
    return 0;
}

static void section_get(const uint8_t *file, const struct elf_image *image, uint64_t index,
                        struct section_header *section)
{
    memcpy(section, file + image->sections + index * sizeof(*section), sizeof(*section));
}

static int symbols_read(const uint8_t *file, uint64_t size, const struct section_header *section,
                        struct elf_image *image, const char **reason)
{
    struct section_header strings;
    if (!inside(section->offset, section->size, size) || section->link >= image->section_count)
        return refuse(reason, "the symbol table lies outside the file");
    section_get(file, image, section->link, &strings);
    if (!inside(strings.offset, strings.size, size) || !strings.size ||
        file[strings.offset + strings.size - 1])
        return refuse(reason, "the symbols' names lie outside the file");
    image->symbols = section->offset;
    image->symbol_count = section->size / sizeof(struct symbol);
    image->strings = strings.offset;
    image->strings_size = strings.size;
    return 0;
}

// File and line: a section of no type or name of its own that begins as such a table does.
static bool section_has_lines(const uint8_t *file, uint64_t size,
                              const struct section_header *section)
{
    return section->type == SECTION_BYTES && !(section->flags & SECTION_ALLOCATED) &&
           inside(section->offset, section->size, size) && section->size >= LINES_HEADER &&
           !memcmp(file + section->offset, LINES_MAGIC, strlen(LINES_MAGIC));
}

static int sections_read(const uint8_t *file, uint64_t size, const struct elf_header *header,
                         struct elf_image *image, const char **reason)
{
    if (!inside(header->section_offset, header->section_count * sizeof(struct section_header),
                size))
        return refuse(reason, "the section headers lie outside the file: truncated?");
    image->sections = header->section_offset;
    image->section_count = header->section_count;
    for (uint64_t i = 0; i < image->section_count; i++) {
        struct section_header section;
        section_get(file, image, i, &section);
        if (section.type == SECTION_RELOCATIONS &&
            (!inside(section.offset, section.size, size) || section.info >= image->section_count))
            return refuse(reason, "a relocation table lies outside the file");
        if (section_has_lines(file, size, &section)) {
            image->lines = section.offset;
            image->lines_size = section.size;
        }
        if (section.type == SECTION_SYMBOLS) {
            int error = symbols_read(file, size, &section, image, reason);
            if (error)
                return error;
        }
    }
    return 0;
}

int elf_parse(const uint8_t *file, uint64_t size, struct elf_image *image, const char **reason)
{
    struct elf_header header;
    memset(image, 0, sizeof(*image));
    if (size < sizeof(header))
        return refuse(reason, "too short for an ELF file");
    memcpy(&header, file, sizeof(header));
    int error = header_check(&header, reason);
    if (!error)
        error = segments_read(file, size, &header, image, reason);
    if (!error)
        error = layout_check(image, reason);
    if (!error)
        error = sections_read(file, size, &header, image, reason);
    return error;
}

// The bytes behind a slot offset, if all 8 are in this segment's part of the file.
static const uint8_t *segment_word(const uint8_t *file, const struct elf_segment *segment,
                                   uint64_t place)
{
    if (place < segment->address || !inside(place - segment->address, 8, segment->file_size))
        return NULL;
    return file + segment->file_offset + (place - segment->address);
}

static void symbol_get(const uint8_t *file, const struct elf_image *image, uint64_t index,
                       struct symbol *symbol)
{
    memcpy(symbol, file + image->symbols + index * sizeof(*symbol), sizeof(*symbol));
}

// An absolute symbol is a number, not a place in the slot.
static bool symbol_is_absolute(const uint8_t *file, const struct elf_image *image, uint64_t index)
{
    struct symbol symbol;
    if (index >= image->symbol_count)
        return false;
    symbol_get(file, image, index, &symbol);
    return symbol.section == SYMBOL_ABSOLUTE;
}

static int relocate(const uint8_t *file, const struct elf_image *image,
                    const struct relocation *entry,
                    int (*apply)(void *context, uint64_t place, uint64_t value), void *context,
                    const char **reason)
{
    uint32_t type = (uint32_t)entry->info;
    if (type == RELOCATION_32 ||
        (type >= RELOCATION_DYNAMIC_FIRST && type <= RELOCATION_DYNAMIC_LAST))
        return refuse(reason, "has a relocation that is neither 64-bit nor relative to pc");
    if (type != RELOCATION_64)
        return 0; // resolved when it was linked, and independent of the slot
    const uint8_t *word = segment_word(file, &image->rodata, entry->place);
    if (!word)
        word = segment_word(file, &image->data, entry->place);
    if (!word || entry->place % 8)
        return refuse(reason, "has an address outside of its data, or a misaligned one");
    // The linker has stored symbol + addend, for a base of 0; 0 is an undefined weak symbol.
    uint64_t value;
    memcpy(&value, word, sizeof(value));
    if (!value || symbol_is_absolute(file, image, entry->info >> 32))
        return 0;
    if (value >= SLOT_SIZE)
        return refuse(reason, "has an address that lies outside of a slot");
    return apply(context, entry->place, value);
}

int elf_relocations(const uint8_t *file, uint64_t size, const struct elf_image *image,
                    int (*apply)(void *context, uint64_t place, uint64_t value), void *context,
                    const char **reason)
{
    uint64_t room = size / sizeof(struct relocation); // tables may overlap, and go on for hours
    for (uint64_t i = 0; i < image->section_count; i++) {
        struct section_header section, target;
        section_get(file, image, i, &section);
        if (section.type != SECTION_RELOCATIONS)
            continue;
        section_get(file, image, section.info, &target);
        if (!(target.flags & SECTION_ALLOCATED))
            continue; // of debug information
        uint64_t count = section.size / sizeof(struct relocation);
        if (count > room)
            return refuse(reason, "has more relocations than its file has bytes for");
        room -= count;
        for (uint64_t n = 0; n < count; n++) {
            struct relocation entry;
            memcpy(&entry, file + section.offset + n * sizeof(entry), sizeof(entry));
            int error = relocate(file, image, &entry, apply, context, reason);
            if (error)
                return error;
        }
    }
    return 0;
}

const char *elf_symbol(const uint8_t *file, const struct elf_image *image, uint64_t address,
                       uint64_t *distance)
{
    const char *name = "?";
    *distance = address;
    if (address - image->text.address >= image->text.memory_size)
        return name;
    for (uint64_t i = 0; i < image->symbol_count; i++) {
        struct symbol symbol;
        symbol_get(file, image, i, &symbol);
        if ((symbol.info & 15) != SYMBOL_FUNCTION || symbol.value > address ||
            address - symbol.value >= *distance || symbol.name >= image->strings_size)
            continue;
        *distance = address - symbol.value;
        name = (const char *)file + image->strings + symbol.name;
    }
    return name;
}
