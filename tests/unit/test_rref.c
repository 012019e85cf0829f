// SPDX-License-Identifier: MIT
// test-sources: kernel/rref.c kernel/passing.c kernel/loan.c kernel/kept.c kernel/transfer.c kernel/window.c kernel/heap.c tests/unit/fake_machine/machine.c tests/unit/fake_machine/program.c
// test-flags: -Itests/unit/fake_machine -pthread
//
// The RRef registry and the shared heap: one owner at a time, loans that end, nothing leaked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <cmocka.h>
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/event.h"
#include "kernel/heap.h"
#include "kernel/registry.h"
#include "kernel/rref.h"
#include "kernel/space.h"
#include "machine.h"
#include "program.h"

enum { A, B, C };

static struct domain *domain(uint32_t n)
{
    return machine_domain(n);
}

static int setup(void **state)
{
    (void)state;
    machine_reset();
    program_reset();
    return 0;
}

// After every test all instances end; then nothing may be left.
static int teardown(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < MACHINE_SLOTS; n++)
        rref_reclaim(domain(n), RPC_CRASHED, false);
    rref_drop_kept("store");
    assert_int_equal(rref_count_free(), RREFS_MAX);
    assert_int_equal(program_pins(), 0);
    assert_int_equal(program_space()->object.users, 1);
    program_end();
    assert_int_equal(machine_pages_used(), 0);
    for (uint32_t n = 0; n < MACHINE_SLOTS; n++) {
        assert_int_equal(ledger_rrefs(domain(n)), 0);
        assert_int_equal(ledger_pages(domain(n)), 0);
    }
    return 0;
}

static rref_t make(uint32_t n, uint64_t bytes)
{
    int64_t rref = rref_alloc(domain(n), bytes, 7);
    assert_true(rref > 0);
    return (rref_t)rref;
}

static uint64_t offset_of(rref_t rref)
{
    return (uint32_t)rref;
}

static void event_ready(struct event *event)
{
    *event = (struct event){.object = {.users = 1}};
    event->completed_tail = &event->completed;
}

// ---- Owners ----

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

// ---- In passing ----

// What kernel/gate.S does: NAME goes from one domain to another if it is in passing between the
// two.
static bool gate_move(uint32_t from, rref_t name, uint32_t to)
{
    uint64_t giver = place_of_slot(from) << 32, next = place_of_slot(to) << 32;
    uint64_t before = name + 8 * giver + next, after = name + 8 * next + giver;
    return __atomic_compare_exchange_n(&rref_passing[name >> 32 & 0xFFFF], &before, after, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

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

// ---- Loans ----

static void a_loan_lasts_for_the_call(void **state)
{
    (void)state;
    rref_t rref = make(A, 4096);
    assert_int_equal(rref_lend(domain(B), rref, domain(C)), RPC_DENIED);
    assert_int_equal(rref_lend(domain(A), rref, domain(B)), RPC_OK);
    assert_int_equal(rref_length(domain(B), rref), 4096);
    assert_int_equal(rref_free(domain(A), rref), -EBUSY);
    assert_int_equal(rref_move(domain(A), rref, domain(C)), RPC_DENIED);
    assert_int_equal(rref_move(domain(B), rref, domain(C)), RPC_DENIED);
    assert_int_equal(rref_free(domain(B), rref), -EACCES);
    assert_int_equal(rref_lend(domain(B), rref, domain(C)), RPC_OK);
    rref_return(rref, domain(C));
    rref_return(rref, domain(B));
    assert_int_equal(rref_length(domain(B), rref), -EACCES);
    assert_int_equal(rref_free(domain(A), rref), 0);
}

static void two_calls_with_one_rref_end_one_by_one(void **state)
{
    (void)state;
    rref_t rref = make(A, 4096);
    rref_lend(domain(A), rref, domain(B));
    rref_lend(domain(A), rref, domain(B));
    rref_return(rref, domain(B));
    assert_int_equal(rref_length(domain(B), rref), 4096);
    rref_return(rref, domain(B));
    assert_int_equal(rref_length(domain(B), rref), -EACCES);
    rref_return(rref, domain(B)); // one too many changes nothing
    assert_int_equal(rref_free(domain(A), rref), 0);
}

static void a_held_loan_outlives_the_call_and_completes(void **state)
{
    (void)state;
    static struct event event;
    struct completion done[4];
    event_ready(&event);
    rref_t rref = make(A, 4096);
    assert_int_equal(rref_completion(domain(B), rref, &event, 42), -EACCES);
    assert_int_equal(rref_completion(domain(A), rref, &event, 42), 0);
    rref_lend(domain(A), rref, domain(B));
    assert_int_equal(rref_complete(domain(B), rref, 0), -EACCES); // not held
    assert_int_equal(rref_hold(domain(A), rref), -EACCES);        // not lent to it
    assert_int_equal(rref_hold(domain(B), rref), 0);
    rref_return(rref, domain(B));
    assert_int_equal(rref_length(domain(B), rref), 4096);
    assert_int_equal(rref_free(domain(A), rref), -EBUSY);
    assert_int_equal(completion_reap(&event, done, 4), 0);
    assert_int_equal(rref_complete(domain(B), rref, -EIO), 0);
    assert_int_equal(event.count, 1);
    assert_int_equal(completion_reap(&event, done, 4), 1);
    assert_int_equal(done[0].tag, 42);
    assert_int_equal(done[0].status, -EIO);
    assert_int_equal(rref_complete(domain(B), rref, 0), -EACCES);
    assert_int_equal(rref_free(domain(A), rref), 0);
    assert_int_equal(event.object.users, 1);
}

static void who_hears_of_a_completion_can_free(void **state)
{
    (void)state;
    static struct event event;
    struct completion done;
    event_ready(&event);
    rref_t rref = make(A, 4096);
    rref_completion(domain(A), rref, &event, 1);
    rref_lend(domain(A), rref, domain(B));
    rref_hold(domain(B), rref);
    assert_int_equal(rref_complete(domain(B), rref, 0), 0); // before its call has returned
    assert_int_equal(event.count, 0);
    rref_return(rref, domain(B));
    assert_int_equal(event.count, 1);
    assert_int_equal(completion_reap(&event, &done, 1), 1);
    assert_int_equal(rref_free(domain(A), rref), 0);
}

static void each_hold_gives_one_completion_and_errors_are_not_lost(void **state)
{
    (void)state;
    static struct event event;
    struct completion done[8];
    event_ready(&event);
    rref_t rref = make(A, 4096), other = make(A, 64);
    rref_completion(domain(A), rref, &event, 1);
    rref_completion(domain(A), other, &event, 2);
    const int64_t status[3] = {0, -EIO, 0};
    for (int i = 0; i < 3; i++) {
        rref_lend(domain(A), rref, domain(B));
        rref_hold(domain(B), rref);
        rref_return(rref, domain(B));
    }
    rref_lend(domain(A), other, domain(B));
    rref_hold(domain(B), other);
    rref_return(other, domain(B));
    for (int i = 0; i < 3; i++)
        assert_int_equal(rref_complete(domain(B), rref, status[i]), 0);
    rref_complete(domain(B), other, 0);
    assert_int_equal(completion_reap(&event, done, 2), 2);
    assert_int_equal(completion_reap(&event, done + 2, 6), 2);
    assert_int_equal(done[0].status, -EIO);
    assert_int_equal(done[2].tag, 1);
    assert_int_equal(done[3].tag, 2);
    assert_int_equal(done[3].status, 0);
}

static void a_queued_completion_goes_with_its_rref(void **state)
{
    (void)state;
    static struct event event;
    struct completion done[4];
    event_ready(&event);
    rref_t rrefs[3];
    for (int i = 0; i < 3; i++) {
        rrefs[i] = make(A, 64);
        rref_completion(domain(A), rrefs[i], &event, i);
        rref_lend(domain(A), rrefs[i], domain(B));
        rref_hold(domain(B), rrefs[i]);
        rref_return(rrefs[i], domain(B));
        rref_complete(domain(B), rrefs[i], 0);
    }
    assert_int_equal(rref_free(domain(A), rrefs[1]), 0);
    assert_int_equal(rref_move(domain(A), rrefs[2], domain(C)), RPC_OK);
    assert_int_equal(completion_reap(&event, done, 4), 1);
    assert_int_equal(done[0].tag, 0);
    assert_ptr_equal(event.completed_tail, &event.completed);
    assert_int_equal(rref_free(domain(A), rrefs[0]), 0);
    assert_int_equal(event.object.users, 1);
}

static void a_borrower_in_the_middle_can_wait_for_the_end(void **state)
{
    (void)state;
    static struct event event;
    struct completion done;
    event_ready(&event);
    rref_t rref = make(A, 4096);
    rref_lend(domain(A), rref, domain(B));
    assert_int_equal(rref_completion(domain(B), rref, &event, 5), 0);
    rref_lend(domain(B), rref, domain(C));
    rref_hold(domain(C), rref);
    rref_return(rref, domain(C));
    rref_complete(domain(C), rref, 0);
    assert_int_equal(completion_reap(&event, &done, 1), 1);
    rref_return(rref, domain(B));
    assert_int_equal(rref_free(domain(A), rref), 0);
}

// ---- Devices ----

static void a_posted_rref_is_neither_freed_nor_moved(void **state)
{
    (void)state;
    struct rref *pinned;
    rref_t own = make(B, 4096), lent = make(A, 4096);
    assert_int_equal(rref_pin(domain(C), own, &pinned), -EACCES);
    assert_int_equal(rref_pin(domain(B), own, &pinned), 0);
    assert_int_equal(rref_free(domain(B), own), -EBUSY);
    assert_int_equal(rref_move(domain(B), own, domain(C)), RPC_DENIED);
    rref_unpin(pinned, NULL);
    assert_int_equal(rref_free(domain(B), own), 0);

    rref_lend(domain(A), lent, domain(B));
    assert_int_equal(rref_pin(domain(B), lent, &pinned), 0);
    rref_return(lent, domain(B));
    rref_unpin(pinned, NULL);
    assert_int_equal(rref_free(domain(A), lent), -EBUSY); // until the driver says so
    assert_int_equal(rref_complete(domain(B), lent, 0), 0);
    assert_int_equal(rref_free(domain(A), lent), 0);
}

// The owner hears of it when the device is done, and not before, however early the driver is.
static void a_completion_waits_until_no_device_has_the_rref(void **state)
{
    (void)state;
    struct rref *pinned;
    struct event event;
    struct completion done;
    event_ready(&event);
    for (int holds = 0; holds < 2; holds++) {
        rref_t rref = make(A, 4096);
        rref_completion(domain(A), rref, &event, 7);
        rref_lend(domain(A), rref, domain(B));
        if (holds)
            rref_hold(domain(B), rref);
        assert_int_equal(rref_pin(domain(B), rref, &pinned), 0);
        assert_int_equal(rref_pin(domain(B), rref, &pinned), 0); // two pieces of it
        assert_int_equal(rref_complete(domain(B), rref, -EIO), 0);
        if (!holds)
            assert_int_equal(rref_complete(domain(B), rref, 0), 0); // each post is one
        assert_int_equal(rref_complete(domain(B), rref, 0), -EACCES);
        rref_return(rref, domain(B));
        rref_unpin(pinned, NULL);
        assert_int_equal(completion_reap(&event, &done, 1), 0);
        assert_int_equal(rref_free(domain(A), rref), -EBUSY);
        uint64_t before = event.count;
        rref_unpin(pinned, NULL);
        assert_true(event.count > before);
        assert_int_equal(completion_reap(&event, &done, 1), 1);
        assert_int_equal(done.status, -EIO);
        assert_int_equal(completion_reap(&event, &done, 1), !holds);
        assert_int_equal(rref_free(domain(A), rref), 0);
    }
}

// Of two drivers that have it, each one's completion waits for both devices, and comes.
static void completions_of_two_drivers_wait_for_both_devices(void **state)
{
    (void)state;
    struct rref *pinned;
    struct event event;
    struct completion done[2];
    event_ready(&event);
    rref_t rref = make(A, 4096);
    rref_completion(domain(A), rref, &event, 7);
    for (uint32_t n = B; n <= C; n++) {
        rref_lend(domain(A), rref, domain(n));
        assert_int_equal(rref_pin(domain(n), rref, &pinned), 0);
        rref_return(rref, domain(n));
        assert_int_equal(rref_complete(domain(n), rref, 0), 0);
    }
    rref_unpin(pinned, NULL);
    assert_int_equal(completion_reap(&event, done, 2), 0);
    rref_unpin(pinned, NULL);
    assert_int_equal(completion_reap(&event, done, 2), 2);
    assert_int_equal(rref_free(domain(A), rref), 0);
}

// The core copies other bytes of it for its owner: that is no device, and nobody waits for it.
static void a_copy_of_the_owners_holds_up_no_completion(void **state)
{
    (void)state;
    struct event event;
    struct completion done;
    interrupt_state interrupts;
    event_ready(&event);
    rref_t rref = make(A, 4096);
    rref_completion(domain(A), rref, &event, 7);
    rref_lend(domain(A), rref, domain(B));
    rref_hold(domain(B), rref);
    rref_return(rref, domain(B));
    struct rref *record = record_take_index((uint32_t)(rref >> 32 & (RREFS_MAX - 1)), &interrupts);
    record->copies++; // as in the middle of rref_write
    record_release(record, interrupts);
    assert_int_equal(rref_complete(domain(B), rref, 0), 0);
    assert_int_equal(completion_reap(&event, &done, 1), 1);
    assert_int_equal(rref_free(domain(A), rref), -EBUSY);
    assert_int_equal(rref_move(domain(A), rref, domain(B)), RPC_DENIED);
    record->copies--;
    assert_int_equal(rref_free(domain(A), rref), 0);
}

// A device that does not reset never gives it back: the client hears that its driver is dead.
static void the_end_of_a_driver_is_told_though_its_device_keeps_the_rref(void **state)
{
    (void)state;
    struct rref *pinned;
    struct event event;
    struct completion done;
    event_ready(&event);
    rref_t rref = make(A, 4096);
    rref_completion(domain(A), rref, &event, 7);
    rref_lend(domain(A), rref, domain(B));
    assert_int_equal(rref_pin(domain(B), rref, &pinned), 0);
    rref_give_up(domain(B), RPC_CRASHED);
    rref_return(rref, domain(B)); // the call of a thread that was on its way out
    assert_int_equal(completion_reap(&event, &done, 1), 1);
    assert_int_equal(done.status, RPC_CRASHED);
    assert_int_equal(rref_free(domain(A), rref), -EBUSY);
    rref_unpin(pinned, NULL);
    assert_int_equal(rref_free(domain(A), rref), 0);
}

static void a_refused_post_leaves_no_loan_behind(void **state)
{
    (void)state;
    struct rref *pinned;
    rref_t rref = make(A, 4096);
    rref_lend(domain(A), rref, domain(B));
    assert_int_equal(rref_pin(domain(B), rref, &pinned), 0);
    rref_unpin(pinned, domain(B));
    rref_return(rref, domain(B));
    assert_int_equal(rref_free(domain(A), rref), 0);
}

static void what_is_held_and_posted_completes_once(void **state)
{
    (void)state;
    struct rref *pinned;
    rref_t rref = make(A, 4096);
    rref_lend(domain(A), rref, domain(B));
    rref_hold(domain(B), rref);
    assert_int_equal(rref_pin(domain(B), rref, &pinned), 0);
    rref_return(rref, domain(B));
    rref_unpin(pinned, NULL);
    assert_int_equal(rref_complete(domain(B), rref, 0), 0);
    assert_int_equal(rref_free(domain(A), rref), 0);
}

// The interrupt ends a request: pin and loan at once, and the owner hears of it, in the call that
// brought the loan or behind it.
static void the_end_of_a_request_ends_its_pin_and_loan(void **state)
{
    (void)state;
    struct rref *pinned;
    struct completion completion;
    static struct event told;
    struct event *event;
    event_ready(&told);
    for (int late = 0; late < 2; late++) {
        rref_t rref = make(A, 4096);
        assert_int_equal(rref_completion(domain(A), rref, &told, 7), 0);
        assert_int_equal(rref_lend(domain(A), rref, domain(B)), RPC_OK);
        assert_int_equal(rref_pin(domain(B), rref, &pinned), 0);
        assert_false(rref_end(pinned, domain(C), &event)); // C has no part in it
        assert_null(event);
        if (late)
            rref_return(rref, domain(B));
        assert_int_equal(rref_free(domain(A), rref), -EBUSY);
        assert_true(rref_end(pinned, domain(B), &event));
        assert_ptr_equal(event, late ? &told : NULL);
        completion_signal(event);
        if (!late)
            rref_return(rref, domain(B));
        assert_int_equal(completion_reap(&told, &completion, 1), 1);
        assert_int_equal(completion.tag, 7);
        assert_int_equal(completion.status, 0);
        assert_int_equal(rref_complete(domain(B), rref, 0), -EACCES); // it has ended
        assert_int_equal(rref_free(domain(A), rref), 0);
    }
    assert_int_equal(told.object.users, 1);
}

// What might have to be freed is not, in an interrupt: its pin and loan stay for who may.
static void nothing_is_freed_in_an_interrupt(void **state)
{
    (void)state;
    struct rref *pinned;
    struct event *event;
    rref_t rref = make(A, 4096);
    rref_lend(domain(A), rref, domain(B));
    assert_int_equal(rref_pin(domain(B), rref, &pinned), 0);
    rref_return(rref, domain(B));
    rref_reclaim(domain(A), RPC_CRASHED, false);
    assert_false(rref_end(pinned, domain(B), &event));
    assert_false(rref_unpin_early(pinned));
    rref_unpin(pinned, NULL);
    assert_int_equal(rref_complete(domain(B), rref, 0), 0);
}

static void physical_pieces_cover_the_rref_and_no_more(void **state)
{
    (void)state;
    struct rref *pinned;
    rref_t rref = make(A, 10000);
    uint64_t done = 0;
    assert_int_equal(rref_pin(domain(A), rref, &pinned), 0);
    while (done < 10000) {
        uint64_t physical, length = UINT32_MAX;
        assert_int_equal(rref_physical(pinned, done, true, &physical, &length), 0);
        memset((void *)physical, 0x11, length);
        done += length;
    }
    assert_int_equal(done, 10000);
    uint64_t physical, length = 1;
    assert_int_equal(rref_physical(pinned, 10000, true, &physical, &length), -EFAULT);
    rref_unpin(pinned, NULL);
}

// ---- Bytes ----

static rref_t window_make(uint64_t address, uint64_t bytes, uint64_t protection)
{
    int64_t window = rref_window(domain(A), program_space(), address, bytes, protection);
    assert_true(window > 0);
    assert_int_equal((uint32_t)window, 0); // it has no address
    return (rref_t)window;
}

static int64_t window_aim(rref_t window, uint64_t address, uint64_t bytes, uint64_t protection)
{
    return rref_window_aim(domain(A), window, bytes ? program_space() : NULL, address, bytes,
                           protection);
}

// A window keeps its name wherever it is aimed, and has no bytes where it is aimed nowhere.
static void a_window_shows_what_it_was_last_aimed_at(void **state)
{
    (void)state;
    char bytes[64] = "seen through the window";
    rref_t window = window_make(0x20000, 64, PROTECTION_WRITE);
    assert_int_equal(window_aim(window, 0x21FC0, 20000, PROTECTION_WRITE), 0);
    assert_int_equal(rref_length(domain(A), window), 20000);
    assert_int_equal(rref_write(domain(A), window, 19936, (uint64_t)bytes, 64), 0);
    assert_int_equal(*program_byte(0x21FC0 + 19936), 's');
    assert_int_equal(window_aim(window, 0x20000, 64, PROTECTION_READ), 0);
    assert_int_equal(rref_read(domain(A), window, 0, (uint64_t)bytes, 64), 0);
    assert_int_equal(bytes[0], 0); // these are other pages
    assert_int_equal(rref_write(domain(A), window, 0, (uint64_t)bytes, 1), -EACCES);
    assert_int_equal(rref_read(domain(A), window, 64, (uint64_t)bytes, 1), -EINVAL);

    assert_int_equal(program_space()->object.users, 2);
    assert_int_equal(window_aim(window, 0, 0, 0), 0);
    assert_int_equal(program_space()->object.users, 1);
    assert_int_equal(rref_read(domain(A), window, 0, (uint64_t)bytes, 1), -EINVAL);
    assert_int_equal(rref_free(domain(A), window), 0);
}

// Whoever makes one learns at once that there is no such memory; who aims one, when it is used.
static void a_window_over_no_memory_fails_where_it_is_used(void **state)
{
    (void)state;
    char byte;
    rref_t heap = make(A, 4096), window = window_make(0x20000, 64, PROTECTION_WRITE);
    struct rref *pinned;
    program_seal();
    assert_int_equal(rref_window(domain(A), program_space(), 0x30000, 64, PROTECTION_WRITE),
                     -EFAULT);
    assert_int_equal(window_aim(window, 0x20FFF, 64, PROTECTION_WRITE), 0);
    assert_int_equal(rref_read(domain(A), window, 0, (uint64_t)&byte, 1), 0);
    assert_int_equal(rref_read(domain(A), window, 1, (uint64_t)&byte, 1), -EFAULT);
    assert_int_equal(rref_copy(domain(A), window, 0, heap, 0, 64), -EFAULT);
    assert_int_equal(rref_copy(domain(A), heap, 0, window, 1, 63), -EFAULT);
    assert_int_equal(rref_fill(domain(A), window, 1, 7, 63), -EFAULT);
    assert_int_equal(rref_pin(domain(A), window, &pinned), -EFAULT);
    assert_int_equal(rref_free(domain(A), window), 0); // nothing of that is left
    assert_int_equal(rref_free(domain(A), heap), 0);
}

// Nothing is pinned but while a device has it, so a page that went meanwhile is not seen again.
static void a_window_shows_the_pages_that_the_program_has_now(void **state)
{
    (void)state;
    char byte;
    rref_t heap = make(A, 4096), window = window_make(0x20000, 4096, PROTECTION_WRITE);
    *program_byte(0x20000) = 1;
    assert_int_equal(rref_read(domain(A), window, 0, (uint64_t)&byte, 1), 0);
    assert_int_equal(byte, 1);
    assert_true(program_unmap(0x20000));
    *program_byte(0x20000) = 2;
    assert_int_equal(rref_copy(domain(A), heap, 0, window, 0, 4096), 0);
    assert_int_equal(rref_read(domain(A), heap, 0, (uint64_t)&byte, 1), 0);
    assert_int_equal(byte, 2);

    struct rref *first, *second;
    uint64_t physical, again, length = 1;
    assert_int_equal(rref_pin(domain(A), window, &first), 0);
    assert_int_equal(rref_pin(domain(A), window, &second), 0);
    assert_int_equal(program_pins(), 1);
    assert_int_equal(rref_physical(first, 0, true, &physical, &length), 0);
    assert_false(program_unmap(0x20000)); // the device goes on with it
    rref_unpin(first, NULL);
    assert_int_equal(rref_physical(second, 0, true, &again, &length), 0);
    assert_int_equal(again, physical);
    assert_true(rref_unpin_early(second));
    assert_int_equal(program_pins(), 0);
    *program_byte(0x20000) = 3;
    assert_int_equal(rref_pin(domain(A), window, &first), 0);
    assert_int_equal(rref_physical(first, 0, true, &physical, &length), 0);
    assert_int_equal(*(char *)physical, 3);
    rref_unpin(first, NULL);
    assert_int_equal(rref_free(domain(A), window), 0);
    assert_int_equal(rref_free(domain(A), heap), 0);
}

// The usual copy finds the page by itself; only where that is not there, or where somebody else's
// program runs on this hart, it is pinned, and let go.
static void a_page_that_is_there_is_not_pinned_for_a_copy(void **state)
{
    (void)state;
    rref_t heap = make(A, 0x5000), window = window_make(0x20000, 0x5000, PROTECTION_WRITE);
    uint64_t walks = program_walks();
    assert_int_equal(rref_copy(domain(A), window, 0, heap, 0, 4096), 0);
    assert_int_equal(rref_copy(domain(A), heap, 100, window, 5000, 12000), 0);
    assert_int_equal(rref_fill(domain(A), window, 100, 1, 9000), 0);
    assert_int_equal(program_walks(), walks);
    assert_true(program_unmap(0x21000));
    assert_int_equal(rref_copy(domain(A), window, 0, heap, 0, 0x5000), 0);
    assert_int_equal(program_walks(), walks + 1);
    program_runs(false);
    assert_int_equal(rref_copy(domain(A), window, 0, heap, 0, 4096), 0);
    assert_int_equal(program_walks(), walks + 2);
    assert_int_equal(program_pins(), 0);
    assert_int_equal(rref_free(domain(A), window), 0);
    assert_int_equal(rref_free(domain(A), heap), 0);
}

// Only its owner aims a window, only while nobody has it, and only where there is user memory.
static void a_window_in_use_is_not_aimed(void **state)
{
    (void)state;
    char byte;
    rref_t heap = make(A, 64);
    rref_t window = window_make(0x20000, 64, PROTECTION_WRITE);
    struct rref *pinned;
    assert_int_equal(rref_window_aim(domain(B), window, program_space(), 0x30000, 64, 0), -EACCES);
    assert_int_equal(window_aim(heap, 0x30000, 64, 0), -EACCES);
    assert_int_equal(window_aim(12345, 0x30000, 64, 0), -EINVAL);
    assert_int_equal(window_aim(window, UINT64_MAX - 10, 64, 0), -EFAULT);
    assert_int_equal(rref_lend(domain(A), window, domain(B)), RPC_OK);
    assert_int_equal(window_aim(window, 0x30000, 64, 0), -EBUSY);
    assert_int_equal(window_aim(window, 0, 0, 0), -EBUSY);
    assert_int_equal(rref_read(domain(B), window, 63, (uint64_t)&byte, 1), 0);
    rref_return(window, domain(B));
    assert_int_equal(rref_pin(domain(A), window, &pinned), 0);
    assert_int_equal(window_aim(window, 0, 0, 0), -EBUSY);
    rref_unpin(pinned, NULL);
    assert_int_equal(window_aim(window, 0, 0, 0), 0);
    assert_int_equal(rref_free(domain(A), window), 0);
    assert_int_equal(rref_free(domain(A), heap), 0);
}

static void bytes_copy_between_memory_rrefs_and_windows(void **state)
{
    (void)state;
    static uint8_t in[20000], out[20000];
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)(i * 7 + i / 256);
    rref_t heap = make(A, 20000);
    rref_t window = window_make(0x10FF3, 20000, PROTECTION_WRITE);
    rref_t readable = window_make(0x10000, 100, PROTECTION_READ);
    assert_int_equal(rref_write(domain(A), heap, 0, (uint64_t)in, 20000), 0);
    assert_int_equal(rref_copy(domain(A), window, 100, heap, 100, 19000), 0);
    assert_int_equal(rref_read(domain(A), window, 0, (uint64_t)out, 20000), 0);
    assert_memory_equal(out + 100, in + 100, 19000);
    assert_int_equal(out[99] | out[19100], 0);
    assert_int_equal(rref_fill(domain(A), heap, 5000, 0xEE, 5000), 0);
    assert_int_equal(rref_read(domain(A), heap, 0, (uint64_t)out, 20000), 0);
    assert_int_equal(out[4999], in[4999]);
    assert_int_equal(out[5000], 0xEE);
    assert_int_equal(out[9999], 0xEE);
    assert_int_equal(out[10000], in[10000]);
    assert_int_equal(rref_write(domain(A), readable, 0, (uint64_t)in, 10), -EACCES);
    assert_int_equal(rref_write(domain(A), heap, 19999, (uint64_t)in, 2), -EINVAL);
    assert_int_equal(rref_write(domain(A), heap, UINT64_MAX, (uint64_t)in, 2), -EINVAL);
    assert_int_equal(rref_read(domain(B), heap, 0, (uint64_t)out, 1), -EACCES);
    assert_int_equal(rref_free(domain(A), window), 0);
}

// ---- Ends and replacements ----

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

// ---- The heap ----

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

// ---- Many threads ----

static pthread_barrier_t both;
static rref_t keepers[2];

static void *keeper(void *argument)
{
    uint64_t n = (uint64_t)(uintptr_t)argument;
    pthread_barrier_wait(&both);
    return rref_keep(domain(A), keepers[n], 1, 10) == 0 ? keepers : NULL;
}

static void of_two_threads_that_keep_under_one_key_at_most_one_succeeds(void **state)
{
    (void)state;
    pthread_barrier_init(&both, NULL, 2);
    for (int round = 0; round < 2000; round++) {
        pthread_t threads[2];
        void *kept[2];
        for (uint64_t n = 0; n < 2; n++) {
            keepers[n] = make(A, 64);
            pthread_create(&threads[n], NULL, keeper, (void *)(uintptr_t)n);
        }
        for (int n = 0; n < 2; n++)
            pthread_join(threads[n], &kept[n]);
        assert_false(kept[0] && kept[1]);
        for (int n = 0; n < 2; n++)
            assert_int_equal(rref_free(domain(A), keepers[n]), 0);
    }
    pthread_barrier_destroy(&both);
}

static rref_t contested;
static uint32_t winners;

static void *mover(void *argument)
{
    uint32_t n = (uint32_t)(uintptr_t)argument;
    if (rref_move(domain(A), contested, domain(n)) == RPC_OK)
        __atomic_add_fetch(&winners, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void of_several_that_pass_one_rref_at_once_one_succeeds(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        pthread_t threads[4];
        contested = make(A, 64);
        winners = 0;
        for (uintptr_t n = 0; n < 4; n++)
            pthread_create(&threads[n], NULL, mover, (void *)(n + 1));
        for (int n = 0; n < 4; n++)
            pthread_join(threads[n], NULL);
        assert_int_equal(winners, 1);
    }
}

static bool is_over;

// Lends it on, looks at it and counts, while it goes back and forth.
static void *disturber(void *argument)
{
    uint64_t owned = 0;
    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
        if (rref_lend(domain(A), contested, domain(C)) == RPC_OK)
            rref_return(contested, domain(C));
        owned += rref_count_owned(domain(A)) > 1 || rref_count_owned(domain(B)) > 1;
        passing_settle(domain(B));
    }
    (void)argument;
    return (void *)(uintptr_t)owned;
}

static void an_rref_that_goes_back_and_forth_is_always_somebodys(void **state)
{
    (void)state;
    pthread_t thread;
    uint32_t by_word = 0, by_record = 0;
    void *miscounted;
    contested = make(A, 64);
    is_over = false;
    pthread_create(&thread, NULL, disturber, NULL);
    for (uint32_t from = A; by_word < 20000 || by_record < 200;) {
        bool quick = gate_move(from, contested, 1 - from);
        bool moved = quick || rref_move(domain(from), contested, domain(1 - from)) == RPC_OK;
        by_word += quick;
        by_record += moved && !quick;
        if (moved)
            from = 1 - from;
    }
    __atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
    pthread_join(thread, &miscounted);
    assert_null(miscounted);
    assert_int_equal(rref_count_owned(domain(A)) + rref_count_owned(domain(B)), 1);
}

// Makes, touches, passes around, lends and frees RRefs at random, as one domain.
static void *worker(void *argument)
{
    uint32_t n = (uint32_t)(uintptr_t)argument, seed = n * 77 + 1;
    rref_t mine[16] = {0};
    for (int i = 0; i < 4000; i++) {
        rref_t *place = &mine[rand_r(&seed) % 16];
        uint32_t other = rand_r(&seed) % 4;
        if (!*place) {
            uint64_t bytes = 1ull << rand_r(&seed) % 16;
            int64_t made = rref_alloc(domain(n), bytes, 0);
            *place = made > 0 ? (rref_t)made : 0;
        } else if (i % 5 == 0) {
            rref_t name = *place;
            if (gate_move(n, name, other) || rref_move(domain(n), name, domain(other)) == RPC_OK)
                *place = gate_move(other, name, n) ? name : 0;
        } else if (i % 3 == 0 && rref_lend(domain(n), *place, domain(other)) == RPC_OK) {
            heap_touch(domain(other)->slot, offset_of(*place));
            rref_return(*place, domain(other));
        } else {
            heap_touch(domain(n)->slot, offset_of(*place));
            if (rref_free(domain(n), *place) == 0)
                *place = 0;
        }
    }
    return NULL;
}

static void a_crowd_of_domains_leaks_nothing(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (uintptr_t n = 0; n < 4; n++)
        pthread_create(&threads[n], NULL, worker, (void *)n);
    for (int n = 0; n < 4; n++)
        pthread_join(threads[n], NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_rref_is_zeroed_and_belongs_to_who_made_it),
        TEST(only_the_owner_frees_and_only_once),
        TEST(forged_names_are_refused),
        TEST(a_freed_name_stays_invalid_when_its_record_is_used_again),
        TEST(a_moved_rref_is_its_new_owners_alone),
        TEST(limits_hold_for_making_and_for_receiving),
        TEST(places_of_two_slots_add_up_to_what_no_others_do),
        TEST(an_rref_in_passing_goes_back_and_forth_by_its_word),
        TEST(what_is_lent_posted_or_kept_is_not_in_passing),
        TEST(a_made_up_name_moves_nothing),
        TEST(what_is_in_passing_takes_nobodys_room),
        TEST(an_rref_in_passing_goes_with_its_owner),
        TEST(without_memory_nothing_is_made_and_nothing_lost),
        TEST(a_loan_lasts_for_the_call),
        TEST(two_calls_with_one_rref_end_one_by_one),
        TEST(a_held_loan_outlives_the_call_and_completes),
        TEST(who_hears_of_a_completion_can_free),
        TEST(each_hold_gives_one_completion_and_errors_are_not_lost),
        TEST(a_queued_completion_goes_with_its_rref),
        TEST(a_borrower_in_the_middle_can_wait_for_the_end),
        TEST(a_posted_rref_is_neither_freed_nor_moved),
        TEST(a_completion_waits_until_no_device_has_the_rref),
        TEST(completions_of_two_drivers_wait_for_both_devices),
        TEST(a_copy_of_the_owners_holds_up_no_completion),
        TEST(the_end_of_a_driver_is_told_though_its_device_keeps_the_rref),
        TEST(a_refused_post_leaves_no_loan_behind),
        TEST(what_is_held_and_posted_completes_once),
        TEST(the_end_of_a_request_ends_its_pin_and_loan),
        TEST(nothing_is_freed_in_an_interrupt),
        TEST(physical_pieces_cover_the_rref_and_no_more),
        TEST(bytes_copy_between_memory_rrefs_and_windows),
        TEST(a_window_shows_what_it_was_last_aimed_at),
        TEST(a_window_in_use_is_not_aimed),
        TEST(a_window_over_no_memory_fails_where_it_is_used),
        TEST(a_window_shows_the_pages_that_the_program_has_now),
        TEST(a_page_that_is_there_is_not_pinned_for_a_copy),
        TEST(an_owner_that_dies_frees_all_but_what_is_lent),
        TEST(a_borrower_that_dies_completes_what_it_held),
        TEST(kept_state_goes_to_the_next_instance_of_the_service),
        TEST(what_nobody_takes_of_an_earlier_instance_counts_for_the_next),
        TEST(a_replacement_takes_over_what_was_owned_and_held),
        TEST(a_page_is_entered_for_owners_and_borrowers_only),
        TEST(a_page_leaves_all_other_slots_before_it_is_somebodys_again),
        TEST(who_frees_a_page_gets_it_again_without_a_fence),
        TEST(large_rrefs_are_mapped_in_blocks_and_leave_no_trace),
        TEST(small_rrefs_share_a_page_with_their_makers_only),
        TEST(a_slot_that_is_given_back_maps_nothing),
        TEST(of_several_that_pass_one_rref_at_once_one_succeeds),
        TEST(of_two_threads_that_keep_under_one_key_at_most_one_succeeds),
        TEST(an_rref_that_goes_back_and_forth_is_always_somebodys),
        TEST(a_crowd_of_domains_leaks_nothing),
    };
    rref_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
