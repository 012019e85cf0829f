// SPDX-License-Identifier: MIT
// test-sources: kernel/rref.c kernel/passing.c kernel/loan.c kernel/kept.c kernel/transfer.c kernel/window.c kernel/heap.c tests/unit/fake_machine/machine.c tests/unit/fake_machine/program.c tests/unit/fake_machine/rrefs.c
// test-flags: -Itests/unit/fake_machine -pthread
//
// RRefs in passing: what goes through the gate by its word alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kernel/abi/error.h"
#include "kernel/heap.h"
#include "kernel/registry.h"
#include "kernel/rref.h"
#include "machine.h"
#include "rrefs.h"

static void places_of_two_slots_add_up_to_what_no_others_do(void **state)
{
    (void)state;
    static bool seen[0xFFFF];
    for (uint64_t first = 0; first < 64; first++) {
        for (uint64_t second = 0; second < 64; second++) {
            uint64_t pair = 8 * place_of_slot(first) + place_of_slot(second);
            assert_true(pair < sizeof seen && !seen[pair]);
            seen[pair] = true;
        }
    }
    assert_int_equal(place_of_slot(63) << 32, PLACE_NONE);
}

static void an_rref_in_passing_goes_back_and_forth_by_its_word(void **state)
{
    (void)state;
    rref_t rref = make(A, 8192);
    assert_false(gate_move(A, rref, B));
    assert_int_equal(rref_move(domain(A), rref, domain(B)), RPC_OK);
    assert_true(gate_move(B, rref, A));
    assert_false(gate_move(B, rref, A));
    assert_false(gate_move(A, rref, C));
    assert_true(gate_move(A, rref, B));
    assert_int_equal(rref_count_owned(domain(A)), 0);
    assert_int_equal(rref_count_owned(domain(B)), 1);
    assert_int_equal(ledger_rrefs(domain(A)), 1);
    assert_int_equal(rref_length(domain(A), rref), -EACCES); // which ends it
    assert_int_equal(ledger_rrefs(domain(A)), 0);
    assert_int_equal(rref_length(domain(B), rref), 8192);
    assert_false(gate_move(B, rref, A));
}

static void what_is_lent_posted_or_kept_is_not_in_passing(void **state)
{
    (void)state;
    struct rref *record;
    for (int way = 0; way < 4; way++) {
        rref_t rref = make(A, 64);
        assert_int_equal(rref_move(domain(A), rref, domain(B)), RPC_OK);
        assert_true(gate_move(B, rref, A));
        if (way == 0) {
            assert_int_equal(rref_lend(domain(A), rref, domain(C)), RPC_OK);
        } else if (way == 1) {
            assert_int_equal(rref_pin(domain(A), rref, &record), 0);
        } else if (way == 2) {
            assert_int_equal(rref_keep(domain(A), rref, 1, 1), 0);
        } else {
            assert_int_equal(rref_free(domain(A), rref), 0);
        }
        assert_false(gate_move(A, rref, B));
        if (way == 0)
            rref_return(rref, domain(C));
        else if (way == 1)
            rref_unpin(record, NULL);
    }
}

static void a_made_up_name_moves_nothing(void **state)
{
    (void)state;
    rref_t rref = make(A, 64);
    assert_int_equal(rref_move(domain(A), rref, domain(B)), RPC_OK); // its owner is B now
    for (uint32_t from = 0; from < MACHINE_SLOTS; from++) {
        for (uint32_t to = 0; to < MACHINE_SLOTS; to++) {
            if (from != B || to != A)
                assert_false(gate_move(from, rref, to));
            for (int64_t delta = -0xFFFF; delta <= 0xFFFF; delta++) {
                if (delta) // another index, which the places might make up for
                    assert_false(gate_move(from, rref + ((uint64_t)delta << 32), to));
            }
        }
    }
    for (int bit = 0; bit < 64; bit++)
        assert_false(gate_move(B, rref ^ 1ull << bit, A));
    for (uint64_t index = 0; index < RREFS_MAX; index++) { // nor where there never was any
        for (uint64_t upper = 0; upper <= 0xFFFF; upper += 0x1FFF) {
            if (index != (rref >> 32 & 0xFFFF))
                assert_false(gate_move(C, upper << 48 | index << 32, A));
        }
    }
    assert_true(gate_move(B, rref, A));
}

static void what_is_in_passing_takes_nobodys_room(void **state)
{
    (void)state;
    domain(A)->ledger_limit = domain(B)->ledger_limit = ledger_limit(2, 4096);
    rref_t first = make(A, 64), second = make(A, 64);
    assert_int_equal(rref_move(domain(A), first, domain(B)), RPC_OK);
    assert_int_equal(rref_move(domain(A), second, domain(B)), RPC_OK);
    rref_t third = make(A, 64); // A is charged for `first` and `second` no more
    assert_false(gate_move(B, first, A));
    assert_int_equal(rref_move(domain(B), first, domain(A)), RPC_OK);
    assert_int_equal(rref_move(domain(B), second, domain(A)), RPC_NO_MEMORY);
    assert_int_equal(rref_move(domain(A), third, domain(B)), RPC_OK);
    assert_int_equal(rref_move(domain(A), first, domain(B)), RPC_NO_MEMORY);
    assert_int_equal(rref_move(domain(C), make(C, 64), domain(A)), RPC_OK);
}

static void an_rref_in_passing_goes_with_its_owner(void **state)
{
    (void)state;
    rref_t rref = make(A, 64), other = make(A, 64);
    assert_int_equal(rref_move(domain(A), rref, domain(B)), RPC_OK);
    assert_int_equal(rref_move(domain(A), other, domain(B)), RPC_OK);
    assert_true(gate_move(B, rref, A));
    rref_reclaim(domain(B), RPC_CRASHED, true);
    assert_int_equal(rref_length(domain(A), rref), 64);
    assert_int_equal(rref_length(domain(A), other), -EINVAL);
    assert_false(gate_move(A, rref, B));
    assert_int_equal(ledger_rrefs(domain(B)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(places_of_two_slots_add_up_to_what_no_others_do),
        TEST(an_rref_in_passing_goes_back_and_forth_by_its_word),
        TEST(what_is_lent_posted_or_kept_is_not_in_passing),
        TEST(a_made_up_name_moves_nothing),
        TEST(what_is_in_passing_takes_nobodys_room),
        TEST(an_rref_in_passing_goes_with_its_owner),
    };
    rref_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
