// SPDX-License-Identifier: MIT
// test-sources: kernel/rref.c kernel/passing.c kernel/loan.c kernel/kept.c kernel/transfer.c kernel/window.c kernel/heap.c tests/unit/fake_machine/machine.c tests/unit/fake_machine/program.c tests/unit/fake_machine/rrefs.c
// test-flags: -Itests/unit/fake_machine -pthread
//
// The shared heap: whose slot maps which page.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kernel/abi/error.h"
#include "kernel/heap.h"
#include "kernel/rref.h"
#include "machine.h"
#include "rrefs.h"

static void a_page_is_entered_for_owners_and_borrowers_only(void **state)
{
    (void)state;
    rref_t rref = make(A, 8192);
    assert_true(machine_touch(A, offset_of(rref)));
    assert_false(machine_touch(B, offset_of(rref)));
    rref_lend(domain(A), rref, domain(B));
    assert_true(machine_touch(B, offset_of(rref) + 4096));
    assert_false(machine_touch(C, offset_of(rref) + 4096));
    rref_return(rref, domain(B));
    assert_false(machine_touch(B, offset_of(rref)));
    assert_false(machine_touch(A, offset_of(rref) + 8192));
    assert_false(machine_touch(A, SLOT_SHARED_LIMIT - 1));
}

static void a_page_leaves_all_other_slots_before_it_is_somebodys_again(void **state)
{
    (void)state;
    rref_t rref = make(A, 4096);
    uint64_t offset = offset_of(rref);
    machine_touch(A, offset);
    assert_int_equal(rref_move(domain(A), rref, domain(B)), RPC_OK);
    machine_touch(B, offset);
    assert_true(machine_maps(A, offset)); // no page-table work at a hand-over
    assert_int_equal(rref_free(domain(B), rref), 0);
    for (int i = 0; i < 2000; i++) {
        rref_t next = make(i % 3 ? C : B, 4096);
        uint32_t owner = i % 3 ? C : B;
        for (uint32_t n = 0; n < MACHINE_SLOTS; n++)
            if (n != owner)
                assert_false(machine_maps(n, offset_of(next)));
        machine_touch(owner, offset_of(next));
        if (i % 2)
            rref_free(domain(owner), next);
    }
}

static void who_frees_a_page_gets_it_again_without_a_fence(void **state)
{
    (void)state;
    uint64_t fences = machine_fences();
    for (int i = 0; i < 10000; i++) {
        rref_t rref = make(A, 4096);
        assert_true(machine_touch(A, offset_of(rref)));
        assert_int_equal(rref_free(domain(A), rref), 0);
    }
    assert_int_equal(machine_fences(), fences);
}

static void large_rrefs_are_mapped_in_blocks_and_leave_no_trace(void **state)
{
    (void)state;
    rref_t small = make(A, 4096); // its block is in use, so the large one goes elsewhere
    rref_t large = make(A, 0x200000 * 3 + 4096);
    uint64_t last = offset_of(large) + 0x200000 * 3;
    assert_int_not_equal(offset_of(large) / 0x200000, offset_of(small) / 0x200000);
    assert_true(machine_touch(A, offset_of(large) + 0x123456));
    assert_true(machine_maps(A, offset_of(large)));
    assert_true(machine_touch(A, last));
    assert_false(machine_touch(A, last + 4096));
    assert_false(machine_touch(B, last));
    assert_int_equal(rref_free(domain(A), large), 0);
    heap_trim(true);
    assert_false(machine_maps(A, offset_of(large)));
    assert_false(machine_maps(A, last));
    assert_int_equal(machine_pages_used(), 1);
}

static void small_rrefs_share_a_page_with_their_makers_only(void **state)
{
    (void)state;
    rref_t a[80], b[80];
    for (int i = 0; i < 80; i++) {
        a[i] = make(A, 64);
        b[i] = make(B, 64);
    }
    for (int i = 0; i < 80; i++) {
        for (int k = 0; k < 80; k++)
            assert_true(offset_of(a[i]) / 4096 != offset_of(b[k]) / 4096);
        assert_false(machine_touch(B, offset_of(a[i])));
    }
    assert_int_equal(rref_move(domain(A), a[7], domain(B)), RPC_OK);
    assert_true(machine_touch(B, offset_of(a[7])));
    rref_reclaim(domain(A), RPC_CRASHED, false);
    rref_fill(domain(B), a[7], 0, 1, 64);
    for (int i = 0; i < 80; i++) {
        rref_t next = make(A, 64); // of another instance, so to say
        assert_true(offset_of(next) / 4096 != offset_of(a[7]) / 4096);
    }
    assert_int_equal(rref_free(domain(B), a[7]), 0);
}

static void a_slot_that_is_given_back_maps_nothing(void **state)
{
    (void)state;
    rref_t rref = make(A, 4096);
    rref_lend(domain(A), rref, domain(B));
    machine_touch(B, offset_of(rref));
    rref_return(rref, domain(B));
    heap_forget_slot(domain(B)->slot);
    assert_int_equal(rref_free(domain(A), rref), 0);
    rref_t next = make(A, 4096); // nobody else maps it, so it is the same page
    assert_int_equal(offset_of(next), offset_of(rref));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_is_entered_for_owners_and_borrowers_only),
        TEST(a_page_leaves_all_other_slots_before_it_is_somebodys_again),
        TEST(who_frees_a_page_gets_it_again_without_a_fence),
        TEST(large_rrefs_are_mapped_in_blocks_and_leave_no_trace),
        TEST(small_rrefs_share_a_page_with_their_makers_only),
        TEST(a_slot_that_is_given_back_maps_nothing),
    };
    rref_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
