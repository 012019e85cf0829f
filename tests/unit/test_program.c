// SPDX-License-Identifier: MIT
// test-sources: domains/posix/elf.c
//
// The headers of user programs: a good one is read, every bad one refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <elf.h>
#include <cmocka.h>
#include "domains/posix/elf.h"
#include "kernel/abi/core_entry.h"

#define LOWEST    0x10000
#define HIGHEST   0x1000000000
#define FILE_SIZE 0x3000

struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segments[3];
};

static const struct file good = {
    .header =
        {
            .e_ident = {0x7F, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
            .e_type = ET_EXEC,
            .e_machine = EM_RISCV,
            .e_entry = 0x10100,
            .e_phoff = sizeof(Elf64_Ehdr),
            .e_phentsize = sizeof(Elf64_Phdr),
            .e_phnum = 3,
        },
    .segments =
        {
            {.p_type = PT_LOAD,
             .p_flags = PF_R | PF_X,
             .p_offset = 0,
             .p_vaddr = 0x10000,
             .p_filesz = 0x1000,
             .p_memsz = 0x1000},
            {.p_type = PT_LOAD,
             .p_flags = PF_R | PF_W,
             .p_offset = 0x1000,
             .p_vaddr = 0x11000,
             .p_filesz = 0x800,
             .p_memsz = 0x9000},
            {.p_type = PT_NOTE, .p_offset = 0xFFFFFFFFFF},
        },
};

static bool read_file(const struct file *file, struct elf_program *program)
{
    return elf_read(file, sizeof *file, FILE_SIZE, LOWEST, HIGHEST, program);
}

static void a_good_program_is_read(void **state)
{
    struct elf_program program;
    (void)state;
    assert_true(read_file(&good, &program));
    assert_int_equal(program.segment_count, 2);
    assert_int_equal(program.entry, 0x10100);
    assert_int_equal(program.headers, 0x10000 + sizeof(Elf64_Ehdr));
    assert_int_equal(program.end, 0x1A000);
    assert_int_equal(program.segments[0].protection, PROTECTION_READ | PROTECTION_EXECUTE);
    assert_int_equal(program.segments[1].memory_size, 0x9000);
}

#define CHANGE(name, what)                                                                         \
    static void name(void **state)                                                                 \
    {                                                                                              \
        struct elf_program program;                                                                \
        struct file file = good;                                                                   \
        (void)state;                                                                               \
        what;                                                                                      \
        assert_false(read_file(&file, &program));                                                  \
    }

CHANGE(another_magic_is_refused, file.header.e_ident[0] = 'E')
CHANGE(a_32_bit_program_is_refused, file.header.e_ident[EI_CLASS] = ELFCLASS32)
CHANGE(a_big_endian_program_is_refused, file.header.e_ident[EI_DATA] = ELFDATA2MSB)
CHANGE(another_machine_is_refused, file.header.e_machine = EM_X86_64)
CHANGE(an_object_file_is_refused, file.header.e_type = ET_REL)
CHANGE(no_segments_are_refused, file.header.e_phnum = 0)
CHANGE(too_many_segments_are_refused, file.header.e_phnum = 17)
CHANGE(headers_of_another_size_are_refused, file.header.e_phentsize = 32)
CHANGE(headers_past_the_file_are_refused, file.header.e_phoff = UINT64_MAX - 8)
CHANGE(a_dynamic_program_is_refused, file.segments[2].p_type = PT_INTERP)
CHANGE(a_segment_past_the_file_is_refused, file.segments[1].p_offset = 0x2900)
CHANGE(a_segment_whose_end_overflows_is_refused, file.segments[1].p_offset = UINT64_MAX - 4)
CHANGE(a_file_part_larger_than_memory_is_refused, file.segments[1].p_memsz = 0x100)
CHANGE(segments_that_share_a_page_are_refused, file.segments[1].p_vaddr = 0x10FF0)
CHANGE(segments_out_of_order_are_refused, file.segments[0].p_vaddr = 0x40000)
CHANGE(a_segment_too_low_is_refused, file.segments[0].p_vaddr = 0x1000)
CHANGE(a_segment_too_high_is_refused, file.segments[1].p_vaddr = HIGHEST - 0x1000)
CHANGE(a_segment_in_the_upper_half_is_refused, file.segments[1].p_vaddr = 0xFFFFFFC000000000)
CHANGE(a_size_that_overflows_is_refused, file.segments[1].p_memsz = UINT64_MAX)
CHANGE(an_entry_in_data_is_refused, file.header.e_entry = 0x11000)
CHANGE(an_entry_outside_is_refused, file.header.e_entry = 0x100)

static void the_headers_are_whole_where_none_is_cut(void **state)
{
    (void)state;
    for (size_t length = 0; length <= sizeof good; length++) {
        uint8_t *copy = malloc(length ? length : 1);
        memcpy(copy, &good, length);
        assert_int_equal(elf_is_whole(copy, length), length == sizeof good);
        free(copy);
    }
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    struct elf_program program;
    (void)state;
    for (size_t length = 0; length < sizeof good; length++) {
        uint8_t *copy = malloc(length ? length : 1);
        memcpy(copy, &good, length);
        assert_false(elf_read(copy, length, length, LOWEST, HIGHEST, &program));
        free(copy);
    }
}

static void random_headers_do_no_harm(void **state)
{
    struct elf_program program;
    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        struct file file = good;
        for (int i = 0; i < 4; i++)
            ((uint8_t *)&file)[16 + (size_t)rand() % (sizeof file - 16)] = (uint8_t)rand();
        if (!read_file(&file, &program))
            continue;
        for (uint32_t i = 0; i < program.segment_count; i++) {
            assert_true(program.segments[i].address >= LOWEST);
            assert_true(program.segments[i].address + program.segments[i].memory_size <= HIGHEST);
            assert_true(program.segments[i].offset + program.segments[i].file_size <= FILE_SIZE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_program_is_read),
        cmocka_unit_test(another_magic_is_refused),
        cmocka_unit_test(a_32_bit_program_is_refused),
        cmocka_unit_test(a_big_endian_program_is_refused),
        cmocka_unit_test(another_machine_is_refused),
        cmocka_unit_test(an_object_file_is_refused),
        cmocka_unit_test(no_segments_are_refused),
        cmocka_unit_test(too_many_segments_are_refused),
        cmocka_unit_test(headers_of_another_size_are_refused),
        cmocka_unit_test(headers_past_the_file_are_refused),
        cmocka_unit_test(a_dynamic_program_is_refused),
        cmocka_unit_test(a_segment_past_the_file_is_refused),
        cmocka_unit_test(a_segment_whose_end_overflows_is_refused),
        cmocka_unit_test(a_file_part_larger_than_memory_is_refused),
        cmocka_unit_test(segments_that_share_a_page_are_refused),
        cmocka_unit_test(segments_out_of_order_are_refused),
        cmocka_unit_test(a_segment_too_low_is_refused),
        cmocka_unit_test(a_segment_too_high_is_refused),
        cmocka_unit_test(a_segment_in_the_upper_half_is_refused),
        cmocka_unit_test(a_size_that_overflows_is_refused),
        cmocka_unit_test(an_entry_in_data_is_refused),
        cmocka_unit_test(an_entry_outside_is_refused),
        cmocka_unit_test(the_headers_are_whole_where_none_is_cut),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(random_headers_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
