// SPDX-License-Identifier: MIT
// Seeded bugs for drivers: what each kind changes, and where.
//
// test-sources: user/bin/faultstorm/mutate.c
// test-flags: -Iuser/bin/faultstorm
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "mutate.h"

#define NOP 0x00000013

// A piece of a driver as sfi-cc makes it, with a place for each kind.
static const uint32_t code[] = {
    0xfe010113, // addi sp, sp, -32
    0x0831013b, // add.uw sp, sp, gp
    0x00813423, // sd s0, 8(sp)
    0x00150513, // addi a0, a0, 1
    0x00b57463, // bgeu a0, a1, +8
    0x08378d3b, // add.uw s10, a5, gp
    0x000d3783, // ld a5, 0(s10)
    0x0401bc83, // ld s9, 64(gp)
    0x000c80e7, // jalr ra, 0(s9)
    0x00008067, // jalr zero, 0(ra)
};
#define COUNT (sizeof code / sizeof *code)

static long change(enum mutation kind, uint64_t random, uint32_t words[COUNT])
{
    uint32_t old = 0;
    memcpy(words, code, sizeof code);
    long place = mutate(words, COUNT, kind, random, &old);
    if (place >= 0)
        assert_int_equal(old, code[place]);
    return place;
}

static void every_kind_changes_exactly_one_word(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < MUTATION_COUNT; kind++)
        for (uint64_t random = 1; random; random = random < 1ull << 62 ? random * 7 : 0) {
            uint32_t words[COUNT];
            long place = change((enum mutation)kind, random, words);
            assert_true(place >= 0);
            for (long i = 0; i < (long)COUNT; i++)
                assert_true((words[i] != code[i]) == (i == place));
        }
}

static void the_same_number_makes_the_same_mutant(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < MUTATION_COUNT; kind++) {
        uint32_t one[COUNT], other[COUNT];
        change((enum mutation)kind, 0x123456789abcdef, one);
        change((enum mutation)kind, 0x123456789abcdef, other);
        assert_memory_equal(one, other, sizeof one);
    }
}

static void a_turned_branch_keeps_its_registers_and_its_target(void **state)
{
    uint32_t words[COUNT];
    (void)state;
    long place = change(MUTATION_branch, 5, words);
    assert_int_equal(code[place] & 0x7f, 0x63);
    assert_int_equal(words[place] ^ code[place], 1 << 12);
}

static void a_dropped_instruction_is_a_nop(void **state)
{
    uint32_t words[COUNT];
    (void)state;
    long place = change(MUTATION_drop, 99, words);
    assert_int_equal(words[place], NOP);
}

static void a_kind_without_a_place_changes_nothing(void **state)
{
    uint32_t words[2] = {NOP, NOP}, old;
    (void)state;
    assert_int_equal(mutate(words, 2, MUTATION_branch, 1, &old), -1);
    assert_int_equal(words[0], NOP);
    assert_int_equal(words[1], NOP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_changes_exactly_one_word),
        cmocka_unit_test(the_same_number_makes_the_same_mutant),
        cmocka_unit_test(a_turned_branch_keeps_its_registers_and_its_target),
        cmocka_unit_test(a_dropped_instruction_is_a_nop),
        cmocka_unit_test(a_kind_without_a_place_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
