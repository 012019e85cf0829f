// SPDX-License-Identifier: MIT
// test-sources: kernel/rref.c kernel/passing.c kernel/loan.c kernel/kept.c kernel/transfer.c kernel/window.c kernel/heap.c tests/unit/fake_machine/machine.c tests/unit/fake_machine/program.c tests/unit/fake_machine/rrefs.c
// test-flags: -Itests/unit/fake_machine -pthread
//
// Loans of RRefs: for a call, held beyond it, and posted to a device.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/event.h"
#include "kernel/registry.h"
#include "kernel/rref.h"
#include "machine.h"
#include "rrefs.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    rref_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
