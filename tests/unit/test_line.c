// SPDX-License-Identifier: MIT
// test-sources: microcore/line.c
//
// The table of file and line comes with an image, so from anybody: whatever is in it, the answer is
// a line or none, and no byte outside of it is read (the address sanitizer watches).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "microcore/line.h"

// Two files; rows at instruction 0 (one.c:10), 2 (one.c:9), 5 (two.c:300), 7 (not known).
static const uint8_t good[] = {'B', 'H', 'L', 'I', 'N', 'E', 'S', '1',  12,  0,   0,    0,
                               'o', 'n', 'e', '.', 'c', 0,   't', 'w',  'o', '.', 'c',  0,
                               1,   0,   20,  4,   1,   7,   6,   0xC6, 4,   4,   0xD7, 4};
#define ROWS 24 // where they begin

// Asks a copy of exactly SIZE bytes. The name is copied, too, so that all of it is looked at.
static char *ask(const uint8_t *table, size_t size, uint64_t instruction, uint64_t *line)
{
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, table, size);
    const char *found = line_find(copy, size, instruction * 4, line);
    char *name = found ? strdup(found) : NULL;
    free(copy);
    return name;
}

static void assert_place(uint64_t instruction, const char *file, uint64_t line)
{
    uint64_t found;
    char *name = ask(good, sizeof(good), instruction, &found);
    if (file)
        assert_string_equal(name, file);
    else
        assert_null(name);
    assert_int_equal(found, line);
    free(name);
}

static void a_row_counts_up_to_the_next_one(void **state)
{
    (void)state;
    assert_place(0, "one.c", 10);
    assert_place(1, "one.c", 10);
    assert_place(2, "one.c", 9);
    assert_place(4, "one.c", 9);
    assert_place(5, "two.c", 300);
    assert_place(6, "two.c", 300);
}

static void where_no_line_is_known_there_is_none(void **state)
{
    (void)state;
    assert_place(7, NULL, 0);
    assert_place(1000, NULL, 0);
}

static void bytes_inside_an_instruction_are_its(void **state)
{
    (void)state;
    uint64_t line;
    assert_string_equal(line_find(good, sizeof(good), 2 * 4 + 3, &line), "one.c");
    assert_int_equal(line, 9);
}

static void a_table_that_ends_early_gives_an_answer_or_none(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(good); size++) {
        uint64_t line;
        char *name = ask(good, size, 6, &line);
        assert_true(size > ROWS || !name);
        free(name);
    }
}

static void names_that_do_not_end_inside_the_table_are_none(void **state)
{
    static const uint32_t sizes[] = {0, 5, 11, 25, 0x7FFFFFFF, 0xFFFFFFF4, 0xFFFFFFFF};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t table[sizeof(good)];
        uint64_t line;
        memcpy(table, good, sizeof(good));
        memcpy(table + 8, &sizes[i], 4);
        assert_null(ask(table, sizeof(table), 0, &line));
    }
}

static void a_name_outside_of_the_names_is_none(void **state)
{
    (void)state;
    uint8_t table[sizeof(good)];
    uint64_t line;
    memcpy(table, good, sizeof(good));
    table[ROWS + 1] = 12;
    assert_null(ask(table, sizeof(table), 0, &line));
}

static void any_bytes_in_place_of_the_rows_do_no_harm(void **state)
{
    (void)state;
    srand(1);
    for (int i = 0; i < 20000; i++) {
        uint8_t table[sizeof(good)];
        uint64_t line;
        memcpy(table, good, sizeof(good));
        for (int changes = 1 + rand() % 6; changes > 0; changes--)
            table[8 + (size_t)rand() % (sizeof(table) - 8)] = (uint8_t)rand();
        free(ask(table, sizeof(table), (uint64_t)rand() % 16, &line));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_counts_up_to_the_next_one),
        cmocka_unit_test(where_no_line_is_known_there_is_none),
        cmocka_unit_test(bytes_inside_an_instruction_are_its),
        cmocka_unit_test(a_table_that_ends_early_gives_an_answer_or_none),
        cmocka_unit_test(names_that_do_not_end_inside_the_table_are_none),
        cmocka_unit_test(a_name_outside_of_the_names_is_none),
        cmocka_unit_test(any_bytes_in_place_of_the_rows_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
