// SPDX-License-Identifier: MIT
// test-sources: kernel/elf.c
//
// The loader's reading of ELF files: what linker/domain.ld makes is accepted, everything else is
// refused with a reason, and no byte outside of the file is read (the address sanitizer watches).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <elf.h>
#include <cmocka.h>
#include "kernel/elf.h"

#define TEXT     0x10000
#define RODATA   0x11000
#define DATA     0x12000
#define SECTIONS 6

// A small image: three segments of 64 bytes, symbols, and relocations for rodata.
struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segments[3];
    uint8_t text[64], rodata[64], data[64];
    Elf64_Rela relocations[3];
    Elf64_Sym symbols[4];
    char strings[16];
    Elf64_Shdr sections[SECTIONS];
};

enum { TEXT_SECTION = 1, RODATA_SECTION, RELOCATION_SECTION, SYMBOL_SECTION, STRING_SECTION };

static Elf64_Phdr segment(uint32_t flags, uint64_t address, size_t offset)
{
    return (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_flags = flags,
                        .p_offset = offset,
                        .p_vaddr = address,
                        .p_filesz = 64,
                        .p_memsz = 64,
                        .p_align = 4096};
}

static Elf64_Shdr section(uint32_t type, uint64_t flags, size_t offset, uint64_t size,
                          uint32_t link, uint32_t info)
{
    return (Elf64_Shdr){.sh_type = type,
                        .sh_flags = flags,
                        .sh_offset = offset,
                        .sh_size = size,
                        .sh_link = link,
                        .sh_info = info};
}

static Elf64_Rela relocation(uint64_t place, uint32_t symbol, uint32_t type)
{
    return (Elf64_Rela){.r_offset = place, .r_info = ELF64_R_INFO((uint64_t)symbol, type)};
}

static void store(uint8_t *place, uint64_t value)
{
    memcpy(place, &value, sizeof(value));
}

static struct file good_file(void)
{
    struct file file = {
        .header = {.e_ident = {0x7F, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                   .e_type = ET_EXEC,
                   .e_machine = EM_RISCV,
                   .e_version = EV_CURRENT,
                   .e_phoff = offsetof(struct file, segments),
                   .e_shoff = offsetof(struct file, sections),
                   .e_ehsize = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 3,
                   .e_shentsize = sizeof(Elf64_Shdr),
                   .e_shnum = SECTIONS},
        .segments = {segment(PF_R | PF_X, TEXT, offsetof(struct file, text)),
                     segment(PF_R, RODATA, offsetof(struct file, rodata)),
                     segment(PF_R | PF_W, DATA, offsetof(struct file, data))},
        .relocations = {relocation(RODATA + 8, 1, R_RISCV_64), relocation(DATA + 16, 2, R_RISCV_64),
                        relocation(TEXT + 4, 1, R_RISCV_CALL_PLT)},
        .symbols =
            {{0},
             {.st_name = 1, .st_info = STT_FUNC, .st_shndx = TEXT_SECTION, .st_value = TEXT},
             {.st_name = 6, .st_info = STT_FUNC, .st_shndx = TEXT_SECTION, .st_value = TEXT + 32},
             {.st_name = 11, .st_shndx = SHN_ABS, .st_value = 77}},
        .strings = "\0main\0more\0abs",
    };
    store(file.rodata + 8, TEXT + 12);
    store(file.data + 16, DATA + 40);
    file.sections[TEXT_SECTION] = section(SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0, 0, 0, 0);
    file.sections[RODATA_SECTION] = section(SHT_PROGBITS, SHF_ALLOC, 0, 0, 0, 0);
    file.sections[RELOCATION_SECTION] =
        section(SHT_RELA, 0, offsetof(struct file, relocations), sizeof(file.relocations),
                SYMBOL_SECTION, RODATA_SECTION);
    file.sections[SYMBOL_SECTION] = section(SHT_SYMTAB, 0, offsetof(struct file, symbols),
                                            sizeof(file.symbols), STRING_SECTION, 0);
    file.sections[STRING_SECTION] =
        section(SHT_STRTAB, 0, offsetof(struct file, strings), 15, 0, 0);
    return file;
}

// Parses a copy of exactly SIZE bytes, so that a look behind it is noticed.
static int parse(const void *file, uint64_t size, struct elf_image *image, const char **reason)
{
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, file, size);
    *reason = NULL;
    int error = elf_parse(copy, size, image, reason);
    free(copy);
    return error;
}

static void assert_refused(const struct file *file)
{
    struct elf_image image;
    const char *reason;
    assert_int_equal(parse(file, sizeof(*file), &image, &reason), -8);
    assert_non_null(reason);
}

static void what_the_linker_makes_is_accepted(void **state)
{
    (void)state;
    struct file file = good_file();
    struct elf_image image;
    const char *reason;
    assert_int_equal(parse(&file, sizeof(file), &image, &reason), 0);
    assert_int_equal(image.text.address, TEXT);
    assert_int_equal(image.rodata.memory_size, 64);
    assert_int_equal(image.data.address, DATA);
    assert_int_equal(image.end, DATA + 4096);
}

static void data_and_symbols_may_be_absent(void **state)
{
    (void)state;
    struct file file = good_file();
    struct elf_image image;
    const char *reason;
    file.header.e_phnum = 2;
    file.header.e_shnum = 0;
    assert_int_equal(parse(&file, sizeof(file), &image, &reason), 0);
    assert_int_equal(image.end, RODATA + 4096);
    uint64_t distance;
    assert_string_equal(elf_symbol((uint8_t *)&file, &image, TEXT, &distance), "?");
}

#define REFUSED(name, change)                                                                      \
    static void name##_is_refused(void **state)                                                    \
    {                                                                                              \
        (void)state;                                                                               \
        struct file file = good_file();                                                            \
        change;                                                                                    \
        assert_refused(&file);                                                                     \
    }

REFUSED(another_magic, file.header.e_ident[1] = 'e')
REFUSED(a_32_bit_file, file.header.e_ident[4] = ELFCLASS32)
REFUSED(a_big_endian_file, file.header.e_ident[5] = ELFDATA2MSB)
REFUSED(another_machine, file.header.e_machine = EM_X86_64)
REFUSED(an_object_file, file.header.e_type = ET_REL)
REFUSED(a_shared_object, file.header.e_type = ET_DYN)
REFUSED(compressed_code, file.header.e_flags = EF_RISCV_RVC)
REFUSED(a_hard_float_file, file.header.e_flags = EF_RISCV_FLOAT_ABI_DOUBLE)
REFUSED(another_header_size, file.header.e_phentsize = 32)
REFUSED(another_section_size, file.header.e_shentsize = 40)
REFUSED(program_headers_past_the_end, file.header.e_phoff = sizeof(file) - 8)
REFUSED(program_headers_that_wrap, file.header.e_phoff = UINT64_MAX - 8)
REFUSED(section_headers_past_the_end, file.header.e_shoff = sizeof(file) - 8)
REFUSED(section_headers_that_wrap, file.header.e_shoff = UINT64_MAX - 8)
REFUSED(a_segment_past_the_end, file.segments[2].p_offset = sizeof(file) - 8)
REFUSED(a_segment_that_wraps, file.segments[2].p_offset = UINT64_MAX - 8)
REFUSED(a_segment_longer_in_the_file, file.segments[2].p_memsz = 63)
REFUSED(a_segment_off_its_page, file.segments[2].p_vaddr = DATA + 8)
REFUSED(a_segment_below_the_text, file.segments[2].p_vaddr = 0x8000)
REFUSED(a_segment_in_the_gate_page, file.segments[2].p_vaddr = 0)
REFUSED(a_segment_past_the_limit, file.segments[2].p_vaddr = 0x20000000)
REFUSED(a_segment_that_reaches_past_the_limit, file.segments[2].p_memsz = 0x20000000)
REFUSED(a_segment_in_another_slot, file.segments[2].p_vaddr = 0x100012000)
REFUSED(a_huge_segment, file.segments[2].p_memsz = UINT64_MAX)
REFUSED(writable_text, file.segments[0].p_flags = PF_R | PF_W | PF_X)
REFUSED(executable_data, file.segments[2].p_flags = PF_R | PF_W | PF_X)
REFUSED(write_only_data, file.segments[2].p_flags = PF_W)
REFUSED(a_second_text, file.segments[1].p_flags = PF_R | PF_X)
REFUSED(segments_that_overlap, file.segments[2].p_vaddr = RODATA)
REFUSED(segments_in_one_page, file.segments[1].p_memsz = 4097)
REFUSED(text_elsewhere, file.segments[0].p_vaddr = 0x20000)
REFUSED(no_text, file.segments[0].p_type = PT_NOTE)
REFUSED(no_rodata, file.segments[1].p_type = PT_NOTE)
REFUSED(text_with_bss, file.segments[0].p_memsz = 128)
REFUSED(half_an_instruction, file.segments[0].p_filesz = file.segments[0].p_memsz = 62)
REFUSED(a_dynamic_segment, file.segments[2].p_type = PT_DYNAMIC)
REFUSED(an_interpreter, file.segments[2].p_type = PT_INTERP)
REFUSED(symbols_past_the_end, file.sections[SYMBOL_SECTION].sh_size = sizeof(file))
REFUSED(symbols_without_names, file.sections[SYMBOL_SECTION].sh_link = SECTIONS)
REFUSED(names_past_the_end, file.sections[STRING_SECTION].sh_size = sizeof(file))
REFUSED(names_without_an_end, file.sections[STRING_SECTION].sh_size = 4)
REFUSED(relocations_past_the_end, file.sections[RELOCATION_SECTION].sh_offset = sizeof(file))
REFUSED(relocations_of_no_section, file.sections[RELOCATION_SECTION].sh_info = SECTIONS)

static void every_truncated_file_is_refused(void **state)
{
    (void)state;
    struct file file = good_file();
    struct elf_image image;
    const char *reason;
    for (uint64_t size = 0; size < sizeof(file); size++) {
        assert_int_equal(parse(&file, size, &image, &reason), -8);
        assert_non_null(reason);
    }
}

static void symbols_name_the_function_and_the_distance(void **state)
{
    (void)state;
    struct file file = good_file();
    struct elf_image image;
    const char *reason;
    uint64_t distance;
    assert_int_equal(elf_parse((uint8_t *)&file, sizeof(file), &image, &reason), 0);
    assert_string_equal(elf_symbol((uint8_t *)&file, &image, TEXT + 8, &distance), "main");
    assert_int_equal(distance, 8);
    assert_string_equal(elf_symbol((uint8_t *)&file, &image, TEXT + 36, &distance), "more");
    assert_int_equal(distance, 4);
    assert_string_equal(elf_symbol((uint8_t *)&file, &image, TEXT - 4, &distance), "?");
    assert_string_equal(elf_symbol((uint8_t *)&file, &image, RODATA, &distance), "?");
    file.symbols[1].st_name = 100000; // past the table: as if it had no name
    assert_string_equal(elf_symbol((uint8_t *)&file, &image, TEXT + 8, &distance), "?");
}

// What elf_parse makes of a file whose section 0 is LINES, over data that begin as a table does.
static uint64_t lines_of(Elf64_Shdr lines, const char *magic)
{
    struct file file = good_file();
    struct elf_image image;
    const char *reason;
    memcpy(file.data, magic, 8);
    file.sections[0] = lines;
    assert_int_equal(parse(&file, sizeof(file), &image, &reason), 0);
    assert_int_equal(image.lines, image.lines_size ? lines.sh_offset : 0);
    return image.lines_size;
}

static void a_table_of_lines_is_known_by_its_first_bytes(void **state)
{
    (void)state;
    uint64_t place = offsetof(struct file, data);
    assert_int_equal(lines_of(section(SHT_PROGBITS, 0, place, 64, 0, 0), "BHLINES1"), 64);
    assert_int_equal(lines_of(section(SHT_PROGBITS, 0, place, 12, 0, 0), "BHLINES1"), 12);
    assert_int_equal(lines_of(section(SHT_PROGBITS, 0, place, 64, 0, 0), "BHLINES2"), 0);
    assert_int_equal(lines_of(section(SHT_PROGBITS, SHF_ALLOC, place, 64, 0, 0), "BHLINES1"), 0);
    assert_int_equal(lines_of(section(SHT_NOBITS, 0, place, 64, 0, 0), "BHLINES1"), 0);
}

static void a_table_of_lines_outside_of_the_file_is_none(void **state)
{
    (void)state;
    uint64_t place = offsetof(struct file, data);
    assert_int_equal(lines_of(section(SHT_PROGBITS, 0, place, 11, 0, 0), "BHLINES1"), 0);
    assert_int_equal(
        lines_of(section(SHT_PROGBITS, 0, place, sizeof(struct file), 0, 0), "BHLINES1"), 0);
    assert_int_equal(lines_of(section(SHT_PROGBITS, 0, place, UINT64_MAX, 0, 0), "BHLINES1"), 0);
    assert_int_equal(
        lines_of(section(SHT_PROGBITS, 0, sizeof(struct file) - 8, 64, 0, 0), "BHLINES1"), 0);
    assert_int_equal(lines_of(section(SHT_PROGBITS, 0, UINT64_MAX - 8, 64, 0, 0), "BHLINES1"), 0);
}

// ---- Relocations ----

struct applied {
    unsigned count;
    uint64_t places[8], values[8];
};

static int note(void *context, uint64_t place, uint64_t value)
{
    struct applied *applied = context;
    unsigned at = applied->count++ % 8;
    applied->places[at] = place;
    applied->values[at] = value;
    return 0;
}

static int relocate(const struct file *file, struct applied *applied)
{
    struct elf_image image;
    const char *reason = NULL;
    *applied = (struct applied){0};
    assert_int_equal(elf_parse((const uint8_t *)file, sizeof(*file), &image, &reason), 0);
    int error =
        elf_relocations((const uint8_t *)file, sizeof(*file), &image, note, applied, &reason);
    if (error)
        assert_non_null(reason);
    return error;
}

static void addresses_in_data_are_relocated(void **state)
{
    (void)state;
    struct file file = good_file();
    struct applied applied;
    assert_int_equal(relocate(&file, &applied), 0);
    assert_int_equal(applied.count, 2);
    assert_int_equal(applied.places[0], RODATA + 8);
    assert_int_equal(applied.values[0], TEXT + 12);
    assert_int_equal(applied.places[1], DATA + 16);
    assert_int_equal(applied.values[1], DATA + 40);
}

static void null_absolute_and_debug_values_stay_as_they_are(void **state)
{
    (void)state;
    struct file file = good_file();
    struct applied applied;
    store(file.rodata + 8, 0);                                  // an undefined weak symbol
    file.relocations[1] = relocation(DATA + 16, 3, R_RISCV_64); // a number
    assert_int_equal(relocate(&file, &applied), 0);
    assert_int_equal(applied.count, 0);
    file = good_file();
    file.sections[RODATA_SECTION].sh_flags = 0; // debug information: not loaded
    file.relocations[0].r_offset = 0;
    assert_int_equal(relocate(&file, &applied), 0);
    assert_int_equal(applied.count, 0);
}

static void absolute_addresses_elsewhere_are_refused(void **state)
{
    (void)state;
    struct applied applied;
    const uint64_t places[] = {TEXT,     TEXT + 8,    RODATA + 60, RODATA + 64,   RODATA - 8,
                               DATA + 4, DATA + 4096, 0,           UINT64_MAX - 3};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct file file = good_file();
        file.relocations[0].r_offset = places[i];
        assert_int_equal(relocate(&file, &applied), -8);
    }
}

static void other_absolute_types_are_refused(void **state)
{
    (void)state;
    struct applied applied;
    const uint32_t types[] = {R_RISCV_32, R_RISCV_RELATIVE, R_RISCV_COPY, R_RISCV_JUMP_SLOT,
                              R_RISCV_TLS_TPREL64};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct file file = good_file();
        file.relocations[0] = relocation(RODATA + 8, 1, types[i]);
        assert_int_equal(relocate(&file, &applied), -8);
    }
}

// Tables that overlap could hold more of them than anybody waits for.
static void more_relocations_than_the_file_has_bytes_for_are_refused(void **state)
{
    (void)state;
    struct file file = good_file();
    struct elf_image image;
    struct applied applied = {0};
    const char *reason = NULL;
    uint64_t three = 3 * sizeof(Elf64_Rela);
    assert_int_equal(elf_parse((const uint8_t *)&file, sizeof(file), &image, &reason), 0);
    assert_int_equal(
        elf_relocations((const uint8_t *)&file, three, &image, note, &applied, &reason), 0);
    assert_int_equal(
        elf_relocations((const uint8_t *)&file, three - 1, &image, note, &applied, &reason), -8);
    assert_non_null(reason);
}

static void values_outside_of_a_slot_are_refused(void **state)
{
    (void)state;
    struct applied applied;
    struct file file = good_file();
    store(file.rodata + 8, 0x100000000);
    assert_int_equal(relocate(&file, &applied), -8);
    store(file.rodata + 8, UINT64_MAX);
    assert_int_equal(relocate(&file, &applied), -8);
}

static void random_damage_is_refused_or_harmless(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 100000; round++) {
        struct file file = good_file();
        for (int i = rand() % 4; i >= 0; i--)
            ((uint8_t *)&file)[rand() % sizeof(file)] = (uint8_t)rand();
        struct elf_image image;
        struct applied applied = {0};
        const char *reason = NULL;
        uint64_t distance;
        uint8_t *copy = malloc(sizeof(file));
        memcpy(copy, &file, sizeof(file));
        if (!elf_parse(copy, sizeof(file), &image, &reason)) {
            elf_symbol(copy, &image, (uint64_t)rand(), &distance);
            elf_relocations(copy, sizeof(file), &image, note, &applied, &reason);
            assert_true(image.end <= 0x20000000);
        }
        free(copy);
    }
}

#define REFUSAL(name) cmocka_unit_test(name##_is_refused)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_linker_makes_is_accepted),
        cmocka_unit_test(data_and_symbols_may_be_absent),
        REFUSAL(another_magic),
        REFUSAL(a_32_bit_file),
        REFUSAL(a_big_endian_file),
        REFUSAL(another_machine),
        REFUSAL(an_object_file),
        REFUSAL(a_shared_object),
        REFUSAL(compressed_code),
        REFUSAL(a_hard_float_file),
        REFUSAL(another_header_size),
        REFUSAL(another_section_size),
        REFUSAL(program_headers_past_the_end),
        REFUSAL(program_headers_that_wrap),
        REFUSAL(section_headers_past_the_end),
        REFUSAL(section_headers_that_wrap),
        REFUSAL(a_segment_past_the_end),
        REFUSAL(a_segment_that_wraps),
        REFUSAL(a_segment_longer_in_the_file),
        REFUSAL(a_segment_off_its_page),
        REFUSAL(a_segment_below_the_text),
        REFUSAL(a_segment_in_the_gate_page),
        REFUSAL(a_segment_past_the_limit),
        REFUSAL(a_segment_that_reaches_past_the_limit),
        REFUSAL(a_segment_in_another_slot),
        REFUSAL(a_huge_segment),
        REFUSAL(writable_text),
        REFUSAL(executable_data),
        REFUSAL(write_only_data),
        REFUSAL(a_second_text),
        REFUSAL(segments_that_overlap),
        REFUSAL(segments_in_one_page),
        REFUSAL(text_elsewhere),
        REFUSAL(no_text),
        REFUSAL(no_rodata),
        REFUSAL(text_with_bss),
        REFUSAL(half_an_instruction),
        REFUSAL(a_dynamic_segment),
        REFUSAL(an_interpreter),
        REFUSAL(symbols_past_the_end),
        REFUSAL(symbols_without_names),
        REFUSAL(names_past_the_end),
        REFUSAL(names_without_an_end),
        REFUSAL(relocations_past_the_end),
        REFUSAL(relocations_of_no_section),
        cmocka_unit_test(every_truncated_file_is_refused),
        cmocka_unit_test(symbols_name_the_function_and_the_distance),
        cmocka_unit_test(a_table_of_lines_is_known_by_its_first_bytes),
        cmocka_unit_test(a_table_of_lines_outside_of_the_file_is_none),
        cmocka_unit_test(addresses_in_data_are_relocated),
        cmocka_unit_test(null_absolute_and_debug_values_stay_as_they_are),
        cmocka_unit_test(absolute_addresses_elsewhere_are_refused),
        cmocka_unit_test(other_absolute_types_are_refused),
        cmocka_unit_test(more_relocations_than_the_file_has_bytes_for_are_refused),
        cmocka_unit_test(values_outside_of_a_slot_are_refused),
        cmocka_unit_test(random_damage_is_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
