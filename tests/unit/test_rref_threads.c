// SPDX-License-Identifier: MIT
// test-sources: kernel/rref.c kernel/passing.c kernel/loan.c kernel/kept.c kernel/transfer.c kernel/window.c kernel/heap.c tests/unit/fake_machine/machine.c tests/unit/fake_machine/program.c tests/unit/fake_machine/rrefs.c
// test-flags: -Itests/unit/fake_machine -pthread
//
// RRefs between threads that do not wait for each other.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <pthread.h>
#include <cmocka.h>
#include "kernel/abi/error.h"
#include "kernel/heap.h"
#include "kernel/registry.h"
#include "kernel/rref.h"
#include "machine.h"
#include "rrefs.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(of_several_that_pass_one_rref_at_once_one_succeeds),
        TEST(of_two_threads_that_keep_under_one_key_at_most_one_succeeds),
        TEST(an_rref_that_goes_back_and_forth_is_always_somebodys),
        TEST(a_crowd_of_domains_leaks_nothing),
    };
    rref_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
