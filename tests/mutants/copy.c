// SPDX-License-Identifier: MIT
#include "tests/mutants/copy.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/abi/layout.h"
#include "kernel/elf.h"
#include "tests/mutants/victim/mutants.h"

#define NOP 0x00000013u

void die(const char *subject, const char *why)
{
    fprintf(stderr, "generate: %s: %s\n", subject, why);
    exit(2);
}

// ---- The files ----

static struct bytes file_read(const char *path)
{
    struct bytes read = {0};
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        die(path, "cannot be read");
    read.size = (size_t)ftell(file);
    read.bytes = malloc(read.size);
    rewind(file);
    if (!read.bytes || fread(read.bytes, 1, read.size, file) != read.size)
        die(path, "cannot be read");
    fclose(file);
    return read;
}

struct image_file image_read(const char *path, const char *debug_path)
{
    struct image_file image = {.file = file_read(path), .debug = file_read(debug_path)};
    struct elf_image elf;
    const char *reason = "";
    if (elf_parse(image.file.bytes, image.file.size, &elf, &reason))
        die(path, reason);
    image.words = (uint32_t *)(image.file.bytes + elf.text.file_offset);
    image.count = elf.text.file_size / 4;

    const Elf64_Ehdr *header = (const void *)image.debug.bytes;
    const Elf64_Shdr *sections = (const void *)(image.debug.bytes + header->e_shoff);
    for (int i = 0; i < header->e_shnum; i++) {
        const Elf64_Shdr *section = &sections[i];
        if (section->sh_type == SHT_SYMTAB) {
            image.symbols = image.debug.bytes + section->sh_offset;
            image.symbol_count = section->sh_size / sizeof(Elf64_Sym);
            image.strings = (const char *)image.debug.bytes + sections[section->sh_link].sh_offset;
        } else if (section->sh_type == SHT_RELA &&
                   sections[section->sh_info].sh_flags & SHF_EXECINSTR) {
            image.relocations = image.debug.bytes + section->sh_offset;
            image.relocation_count = section->sh_size / sizeof(Elf64_Rela);
        }
    }
    if (!image.symbols || !image.relocations)
        die(debug_path, "has no symbols or no relocations of its text");
    return image;
}

void image_write(const struct image_file *image, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(image->file.bytes, 1, image->file.size, file) != image->file.size ||
        fclose(file))
        die(path, "cannot be written");
}

static const Elf64_Sym *symbol_find(const struct image_file *image, const char *name)
{
    const Elf64_Sym *symbols = image->symbols;
    for (size_t i = 0; i < image->symbol_count; i++) {
        if (!strcmp(image->strings + symbols[i].st_name, name))
            return &symbols[i];
    }
    die(name, "no such symbol");
}

uint64_t image_symbol(const struct image_file *image, const char *name)
{
    return symbol_find(image, name)->st_value;
}

uint64_t image_symbol_size(const struct image_file *image, const char *name)
{
    return symbol_find(image, name)->st_size;
}

void *image_data(struct image_file *image, const char *name, size_t size)
{
    const Elf64_Ehdr *header = (const void *)image->file.bytes;
    const Elf64_Phdr *segments = (const void *)(image->file.bytes + header->e_phoff);
    uint64_t address = image_symbol(image, name);
    for (int i = 0; i < header->e_phnum; i++) {
        uint64_t distance = address - segments[i].p_vaddr;
        if (distance < segments[i].p_filesz && size <= segments[i].p_filesz - distance)
            return image->file.bytes + segments[i].p_offset + distance;
    }
    die(name, "is not in the file");
}

// ---- Instructions ----

static uint32_t *word_at(struct image_file *image, uint64_t offset)
{
    return &image->words[(offset - SLOT_TEXT) / 4];
}

static int64_t signed_bits(uint32_t word, int from, int count)
{
    return (int64_t)((uint64_t)word << (64 - from - count)) >> (64 - count);
}

static int64_t jal_distance(uint32_t word)
{
    return (signed_bits(word, 31, 1) * (1 << 20)) | (word & 0xff000) | (word >> 9 & 0x800) |
           (word >> 20 & 0x7fe);
}

static int64_t branch_distance(uint32_t word)
{
    return (signed_bits(word, 31, 1) * (1 << 12)) | (word << 4 & 0x800) | (word >> 20 & 0x7e0) |
           (word >> 7 & 0x1e);
}

static uint32_t jal_encode(uint32_t word, int64_t distance)
{
    uint32_t d = (uint32_t)distance;
    return (word & 0xfff) | (d & 0x100000) << 11 | (d & 0x7fe) << 20 | (d & 0x800) << 9 |
           (d & 0xff000);
}

static int64_t low_part(uint32_t word, uint32_t type)
{
    if (type == R_RISCV_PCREL_LO12_I)
        return signed_bits(word, 20, 12);
    return signed_bits(word, 25, 7) * 32 + (word >> 7 & 31);
}

static uint32_t low_encode(uint32_t word, uint32_t type, int64_t low)
{
    uint32_t d = (uint32_t)low & 0xfff;
    if (type == R_RISCV_PCREL_LO12_I)
        return (word & 0xfffff) | d << 20;
    return (word & 0x01fff07f) | (d >> 5) << 25 | (d & 31) << 7;
}

// ---- Functions ----

static const Elf64_Rela *relocations(const struct image_file *image)
{
    return image->relocations;
}

static bool is_inside(const struct function *function, uint64_t offset)
{
    return offset >= function->body && offset < function->end;
}

static uint64_t relocation_symbol(const struct image_file *image, const Elf64_Rela *relocation)
{
    return ((const Elf64_Sym *)image->symbols)[ELF64_R_SYM(relocation->r_info)].st_value;
}

// Whether function_copy() knows all that the function refers to.
static bool can_be_copied(const struct image_file *image, const struct function *function)
{
    for (size_t i = 0; i < function->relocation_count; i++) {
        const Elf64_Rela *relocation = &relocations(image)[function->first_relocation + i];
        uint32_t word = image->words[(relocation->r_offset - SLOT_TEXT) / 4];
        switch (ELF64_R_TYPE(relocation->r_info)) {
        case R_RISCV_BRANCH:
            if (!is_inside(function, relocation->r_offset + (uint64_t)branch_distance(word)))
                return false;
            break;
        case R_RISCV_PCREL_LO12_I:
        case R_RISCV_PCREL_LO12_S:
            if (!is_inside(function, relocation_symbol(image, relocation)))
                return false;
            break;
        case R_RISCV_JAL:
        case R_RISCV_PCREL_HI20:
            break;
        default:
            return false;
        }
    }
    return true;
}

static bool is_marked(const struct image_file *image, uint64_t offset)
{
    for (size_t i = 0; i < STUB_WORDS; i++) {
        if (image->words[(offset - SLOT_TEXT) / 4 + i] != NOP)
            return false;
    }
    return true;
}

size_t functions_find(const struct image_file *image, struct function *functions, size_t max)
{
    const Elf64_Sym *symbols = image->symbols;
    size_t count = 0;
    for (size_t i = 0; i < image->symbol_count && count < max; i++) {
        const Elf64_Sym *symbol = &symbols[i];
        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_value < SLOT_TEXT ||
            symbol->st_size < 4 * (STUB_WORDS + 2) ||
            symbol->st_value + symbol->st_size > SLOT_TEXT + image->count * 4 ||
            !is_marked(image, symbol->st_value))
            continue;
        struct function function = {
            .start = (uint32_t)symbol->st_value,
            .body = (uint32_t)symbol->st_value + 4 * STUB_WORDS,
            .end = (uint32_t)(symbol->st_value + symbol->st_size),
        };
        while (function.first_relocation < image->relocation_count &&
               relocations(image)[function.first_relocation].r_offset < function.start)
            function.first_relocation++;
        while (function.first_relocation + function.relocation_count < image->relocation_count &&
               relocations(image)[function.first_relocation + function.relocation_count].r_offset <
                   function.end)
            function.relocation_count++;
        if (can_be_copied(image, &function))
            functions[count++] = function;
    }
    return count;
}

void stub_write(struct image_file *image, const struct function *function, uint64_t pointer)
{
    int64_t distance = (int64_t)pointer - function->start, low = distance << 52 >> 52;
    uint32_t high = (uint32_t)(distance - low);
    uint32_t *word = word_at(image, function->start);
    word[0] = high | 0x00000d17;                // auipc s10
    word[1] = (uint32_t)low << 20 | 0x000d3303; // ld t1, low(s10)
    word[2] = 0x08330d3b;                       // add.uw s10, t1, gp
    word[3] = 0xffcd7c93;                       // andi s9, s10, -4
    word[4] = 0x000c8067;                       // jr s9
}

// Makes an auipc and what uses it reach the same place from where they are now.
static void address_move(struct image_file *image, const struct function *function,
                         const Elf64_Rela *relocation, int64_t moved)
{
    uint32_t type = ELF64_R_TYPE(relocation->r_info);
    uint64_t upper_place = relocation_symbol(image, relocation);
    uint32_t upper = *word_at(image, upper_place), lower = *word_at(image, relocation->r_offset);
    int64_t target = (int64_t)upper_place + (int32_t)(upper & 0xfffff000) + low_part(lower, type);
    if (is_inside(function, (uint64_t)target))
        return; // moves along
    int64_t distance = target - ((int64_t)upper_place + moved), low = distance << 52 >> 52;
    uint32_t *new_upper = word_at(image, upper_place + (uint64_t)moved);
    uint32_t *new_lower = word_at(image, relocation->r_offset + (uint64_t)moved);
    *new_upper = (upper & 0xfff) | (uint32_t)(distance - low);
    *new_lower = low_encode(lower, type, low);
}

bool function_copy(struct image_file *image, const struct function *function, size_t place)
{
    size_t first = (function->body - SLOT_TEXT) / 4, count = (function->end - function->body) / 4;
    int64_t moved = ((int64_t)place - (int64_t)first) * 4;
    memcpy(&image->words[place], &image->words[first], count * 4);
    for (size_t i = 0; i < function->relocation_count; i++) {
        const Elf64_Rela *relocation = &relocations(image)[function->first_relocation + i];
        if (relocation->r_offset < function->body)
            continue;
        uint32_t *word = word_at(image, relocation->r_offset + (uint64_t)moved);
        uint32_t type = ELF64_R_TYPE(relocation->r_info);
        if (type == R_RISCV_PCREL_LO12_I || type == R_RISCV_PCREL_LO12_S) {
            address_move(image, function, relocation, moved);
        } else if (type == R_RISCV_JAL) {
            uint64_t target = relocation->r_offset + (uint64_t)jal_distance(*word);
            int64_t distance = (int64_t)target - ((int64_t)relocation->r_offset + moved);
            if (is_inside(function, target))
                continue;
            if (distance < -(1 << 20) || distance >= 1 << 20)
                return false;
            *word = jal_encode(*word, distance);
        }
    }
    return true;
}
