// SPDX-License-Identifier: MIT
// test-sources: kernel/rref.c kernel/passing.c kernel/loan.c kernel/kept.c kernel/transfer.c kernel/window.c kernel/heap.c tests/unit/fake_machine/machine.c tests/unit/fake_machine/program.c tests/unit/fake_machine/rrefs.c
// test-flags: -Itests/unit/fake_machine -pthread
//
// The RRef registry: one owner at a time, and what becomes of it where one ends.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdlib.h>
#include <cmocka.h>
#include "kernel/abi/error.h"
#include "kernel/event.h"
#include "kernel/heap.h"
#include "kernel/registry.h"
#include "kernel/rref.h"
#include "machine.h"
#include "rrefs.h"

static void a_new_rref_is_zeroed_and_belongs_to_who_made_it(void **state)
{
    (void)state;
    const uint64_t sizes[] = {1, 64, 65, 2048, 2049, 4096, 4097, 300000, 0x200000, 0x500000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        rref_t rref = make(A, sizes[i]);
        assert_true(offset_of(rref) >= SLOT_SHARED);
        assert_true(offset_of(rref) + sizes[i] <= SLOT_SHARED_LIMIT);
        if (sizes[i] >= 0x200000)
            assert_int_equal(offset_of(rref) % 0x200000, 0);
        assert_int_equal(rref_length(domain(A), rref), sizes[i]);
        assert_int_equal(rref_length(domain(B), rref), -EACCES);
        uint8_t *bytes = malloc(sizes[i]);
        assert_int_equal(rref_read(domain(A), rref, 0, (uint64_t)bytes, sizes[i]), 0);
        for (uint64_t n = 0; n < sizes[i]; n++)
            assert_int_equal(bytes[n], 0);
        free(bytes);
        assert_int_equal(rref_free(domain(A), rref), 0);
    }
}

static void only_the_owner_frees_and_only_once(void **state)
{
    (void)state;
    rref_t rref = make(A, 4096);
    assert_int_equal(rref_free(domain(B), rref), -EACCES);
    assert_int_equal(rref_free(domain(A), rref), 0);
    assert_int_equal(rref_free(domain(A), rref), -EINVAL);
}

static void forged_names_are_refused(void **state)
{
    (void)state;
    rref_t rref = make(A, 4096);
    const rref_t forged[] = {
        0,          rref ^ 1ull << 48,    rref ^ 1ull << 32, rref ^ 4096, rref | 1ull << 63,
        UINT64_MAX, rref + 0xFFFF00000000};
    for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
        assert_int_equal(rref_length(domain(A), forged[i]), -EINVAL);
        assert_int_equal(rref_free(domain(A), forged[i]), -EINVAL);
        assert_int_equal(rref_move(domain(A), forged[i], domain(B)), RPC_DENIED);
        assert_int_equal(rref_lend(domain(A), forged[i], domain(B)), RPC_DENIED);
    }
}

static void a_freed_name_stays_invalid_when_its_record_is_used_again(void **state)
{
    (void)state;
    rref_t old = make(A, 4096);
    assert_int_equal(rref_free(domain(A), old), 0);
    for (int i = 0; i < 1000; i++) {
        rref_t rref = make(A, 4096);
        assert_true(rref != old);
        assert_int_equal(rref_length(domain(A), old), -EINVAL);
        assert_int_equal(rref_free(domain(A), rref), 0);
    }
}

static void a_moved_rref_is_its_new_owners_alone(void **state)
{
    (void)state;
    rref_t rref = make(A, 8192);
    assert_int_equal(ledger_pages(domain(A)), 2);
    assert_int_equal(rref_move(domain(A), rref, domain(B)), RPC_OK);
    assert_int_equal(rref_move(domain(A), rref, domain(C)), RPC_DENIED);
    assert_int_equal(rref_length(domain(A), rref), -EACCES);
    assert_int_equal(ledger_pages(domain(A)), 0);
    assert_int_equal(ledger_pages(domain(B)), 2);
    assert_int_equal(rref_free(domain(B), rref), 0);
}

static void limits_hold_for_making_and_for_receiving(void **state)
{
    (void)state;
    domain(A)->ledger_limit = domain(B)->ledger_limit = ledger_limit(2, 4096);
    rref_t first = make(A, 64);
    make(A, 64);
    assert_int_equal(rref_alloc(domain(A), 64, 0), -E2BIG);
    make(B, 64);
    make(B, 64);
    assert_int_equal(rref_move(domain(A), first, domain(B)), RPC_NO_MEMORY);
    domain(A)->ledger_limit = ledger_limit(100, 4);
    assert_int_equal(rref_alloc(domain(A), 5 * 4096, 0), -E2BIG);
    assert_int_equal(rref_alloc(domain(A), 0, 0), -EINVAL);
    assert_int_equal(rref_alloc(domain(A), UINT64_MAX, 0), -EINVAL);
}

static void without_memory_nothing_is_made_and_nothing_lost(void **state)
{
    (void)state;
    machine_pages_limit(700);
    rref_t rref = make(A, 600 * 4096);
    assert_int_equal(rref_alloc(domain(A), 0x200000, 0), -ENOMEM);
    assert_int_equal(rref_alloc(domain(A), 200 * 4096, 0), -ENOMEM);
    assert_int_equal(rref_free(domain(A), rref), 0);
    make(A, 600 * 4096); // what was freed is to be had again
}

static void an_owner_that_dies_frees_all_but_what_is_lent(void **state)
{
    (void)state;
    make(A, 4096);
    rref_t lent = make(A, 4096);
    rref_lend(domain(A), lent, domain(B));
    rref_reclaim(domain(A), RPC_CRASHED, false);
    assert_int_equal(rref_count_free(), RREFS_MAX - 1);
    assert_int_equal(rref_length(domain(B), lent), 4096);
    rref_return(lent, domain(B));
    assert_int_equal(rref_count_free(), RREFS_MAX);
    assert_int_equal(rref_length(domain(B), lent), -EINVAL);
}

static void a_borrower_that_dies_completes_what_it_held(void **state)
{
    (void)state;
    static struct event event;
    struct completion done[2];
    event_ready(&event);
    rref_t held = make(A, 4096), lent = make(A, 64);
    rref_completion(domain(A), held, &event, 9);
    rref_completion(domain(A), lent, &event, 8);
    rref_lend(domain(A), held, domain(B));
    rref_lend(domain(A), lent, domain(B));
    rref_hold(domain(B), held);
    rref_return(held, domain(B));
    rref_reclaim(domain(B), RPC_CRASHED, false);
    assert_int_equal(completion_reap(&event, done, 2), 1);
    assert_int_equal(done[0].tag, 9);
    assert_int_equal(done[0].status, RPC_CRASHED);
    assert_int_equal(rref_free(domain(A), held), 0);
    assert_int_equal(rref_free(domain(A), lent), 0);
}

static void kept_state_goes_to_the_next_instance_of_the_service(void **state)
{
    (void)state;
    rref_t rref = make(A, 4096), other = make(A, 64);
    assert_int_equal(rref_keep(domain(A), rref, 1, 10), 0);
    assert_int_equal(rref_keep(domain(A), other, 1, 10), -EEXIST);
    assert_int_equal(rref_keep(domain(A), other, 2, 20), 0);
    rref_fill(domain(A), rref, 0, 0x77, 4096);
    rref_reclaim(domain(A), RPC_CRASHED, true);
    strcpy(domain(C)->proxy->name, "somebody");
    assert_int_equal(rref_kept(domain(C), 1, 10), -ENOENT);
    strcpy(domain(C)->proxy->name, "store");
    assert_int_equal(rref_length(domain(B), rref), -EACCES);
    assert_int_equal(rref_kept(domain(B), 1, 10), (int64_t)rref);
    uint8_t byte;
    assert_int_equal(rref_read(domain(B), rref, 4095, (uint64_t)&byte, 1), 0);
    assert_int_equal(byte, 0x77);
    assert_int_equal(ledger_pages(domain(B)), 1);
    assert_int_equal(rref_kept(domain(B), 2, 21), -ENOENT); // another schema: dropped
    assert_int_equal(rref_count_free(), RREFS_MAX - 1);
    rref_reclaim(domain(B), RPC_CRASHED, true);
    rref_drop_kept("store");
    assert_int_equal(rref_count_free(), RREFS_MAX);
}

// Of one that crashes again and again, and each time keeps something under another key.
static void what_nobody_takes_of_an_earlier_instance_counts_for_the_next(void **state)
{
    (void)state;
    uint64_t limit = domain(A)->ledger_limit, before = domain(B)->ledger_limit;
    domain(A)->ledger_limit = domain(B)->ledger_limit = ledger_limit(2, 8);
    assert_int_equal(rref_keep(domain(A), make(A, 4096), 1, 10), 0);
    assert_int_equal(rref_keep(domain(A), make(A, 4096), 2, 10), 0);
    rref_reclaim(domain(A), RPC_CRASHED, true);
    rref_t third = make(B, 4096);
    assert_int_equal(rref_keep(domain(B), third, 1, 10), -EEXIST);
    assert_int_equal(rref_keep(domain(B), third, 3, 10), -E2BIG);
    rref_reclaim(domain(B), RPC_CRASHED, true);
    assert_int_equal(rref_count_free(), RREFS_MAX - 2); // the third was not kept
    rref_t taken = (rref_t)rref_kept(domain(B), 1, 10);
    assert_int_equal(rref_keep(domain(B), taken, 3, 10), 0); // what it has may have another key
    rref_reclaim(domain(B), RPC_CRASHED, true);
    rref_drop_kept("store");
    assert_int_equal(rref_count_free(), RREFS_MAX);
    domain(A)->ledger_limit = limit;
    domain(B)->ledger_limit = before;
}

static void a_replacement_takes_over_what_was_owned_and_held(void **state)
{
    (void)state;
    static struct event event;
    struct completion done;
    event_ready(&event);
    rref_t own = make(A, 8192), lent = make(C, 4096);
    rref_keep(domain(A), own, 3, 1);
    rref_completion(domain(C), lent, &event, 4);
    rref_lend(domain(C), lent, domain(A));
    rref_hold(domain(A), lent);
    rref_return(lent, domain(A));
    rref_transfer(domain(A), domain(B));
    assert_int_equal(rref_length(domain(A), own), -EACCES);
    assert_int_equal(rref_kept(domain(B), 3, 1), (int64_t)own);
    assert_int_equal(ledger_pages(domain(B)), 2);
    assert_int_equal(ledger_rrefs(domain(A)), 0);
    assert_int_equal(rref_complete(domain(A), lent, 0), -EACCES);
    assert_int_equal(rref_complete(domain(B), lent, 0), 0);
    assert_int_equal(completion_reap(&event, &done, 1), 1);
    assert_int_equal(rref_free(domain(C), lent), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_rref_is_zeroed_and_belongs_to_who_made_it),
        TEST(only_the_owner_frees_and_only_once),
        TEST(forged_names_are_refused),
        TEST(a_freed_name_stays_invalid_when_its_record_is_used_again),
        TEST(a_moved_rref_is_its_new_owners_alone),
        TEST(limits_hold_for_making_and_for_receiving),
        TEST(without_memory_nothing_is_made_and_nothing_lost),
        TEST(an_owner_that_dies_frees_all_but_what_is_lent),
        TEST(a_borrower_that_dies_completes_what_it_held),
        TEST(kept_state_goes_to_the_next_instance_of_the_service),
        TEST(what_nobody_takes_of_an_earlier_instance_counts_for_the_next),
        TEST(a_replacement_takes_over_what_was_owned_and_held),
    };
    rref_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
