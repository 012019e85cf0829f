// SPDX-License-Identifier: MIT
// test-sources: domains/devfs/chacha.c domainlib/state.c
// test-flags: -iquote tests/unit/fake_core -DHOST -Idomainlib/include -Idomains/devfs
//
// The generator behind /dev/random: its block function against RFC 8439, and when it asks for a
// seed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "core.h"
#include "mutex.h"

static uint64_t now = 1000;

static uint64_t time_told(void)
{
    return now;
}

#define core_time time_told
#include "domains/devfs/random.c"

void mutex_lock_late(struct mutex *mutex)
{
    (void)mutex;
    fail_msg("there is one thread, and it has locked already");
}

void mutex_wake(const struct mutex *mutex)
{
    (void)mutex;
    fail_msg("nobody sleeps");
}

bool mutex_trylock(struct mutex *mutex)
{
    if (mutex->word)
        return false;
    mutex->word = 1;
    return true;
}

void log_printf(const char *format, ...)
{
    (void)format;
}

// What the service answers: an error, or this many bytes at most of this value.
static int64_t service_error;
static uint32_t service_bytes, service_calls;
static uint8_t service_value;

RpcResult entropy_read(handle_t service, rref_t buffer, uint32_t start, uint32_t length)
{
    assert_int_equal(service, HANDLE_RNG);
    assert_int_equal(generator.lock.word, 0); // others may read meanwhile
    service_calls++;
    if (service_error)
        return rpc_error(service_error);
    uint32_t n = length < service_bytes ? length : service_bytes;
    memset((uint8_t *)(uintptr_t)buffer + start, service_value, n);
    return rpc_ok(n);
}

static int set_up(void **state)
{
    (void)state;
    memset(&generator, 0, sizeof generator);
    memset(&seeding, 0, sizeof seeding);
    now = 1000;
    service_error = 0;
    service_bytes = 32;
    service_calls = 0;
    service_value = 0x5A;
    return 0;
}

static RpcResult read_bytes(void *out, uint32_t length)
{
    const struct transfer transfer = {.buffer = (rref_t)(uintptr_t)out, .length = length};
    return random_read(NULL, &transfer);
}

static void must_read(void *out, uint32_t length)
{
    RpcResult result = read_bytes(out, length);
    assert_int_equal(result.status, 0);
    assert_int_equal(result.value, length);
}

// RFC 8439, 2.3.2.
static void the_block_function_is_the_rfc_s(void **state)
{
    (void)state;
    const uint32_t in[] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x03020100, 0x07060504,
                           0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
                           0x00000001, 0x09000000, 0x4a000000, 0x00000000};
    const uint32_t wanted[] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
                               0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                               0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                               0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    uint32_t out[16];
    chacha_block(in, out);
    assert_memory_equal(out, wanted, sizeof wanted);
}

static void a_stream_may_be_made_piece_by_piece(void **state)
{
    (void)state;
    const uint32_t key[CHACHA_KEY_WORDS] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint32_t whole[64], pieces[64];
    chacha_stream(key, 0xFFFFFFFE, whole, 4); // the counter's carry among them
    for (uint32_t i = 0; i < 4; i++)
        chacha_stream(key, 0xFFFFFFFEull + i, pieces + 16 * i, 1);
    assert_memory_equal(whole, pieces, sizeof whole);
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t j = 0; j < i; j++)
            assert_memory_not_equal(whole + 16 * i, whole + 16 * j, 64);
}

static void what_was_given_does_not_follow_from_the_key_that_is_left(void **state)
{
    (void)state;
    uint8_t first[48], second[48];
    uint32_t before[CHACHA_KEY_WORDS];
    must_read(first, sizeof first);
    memcpy(before, generator.key, sizeof before);
    must_read(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    assert_memory_not_equal(before, generator.key, sizeof before);
    assert_memory_not_equal(second, generator.key, SEED_BYTES);
}

static void a_long_read_is_given_in_part_and_repeats_nothing(void **state)
{
    (void)state;
    static uint8_t bytes[READ_MAX];
    RpcResult result = read_bytes(bytes, READ_MAX + 1000);
    assert_int_equal(result.value, READ_MAX);
    for (uint32_t i = CHACHA_BLOCK_BYTES; i < READ_MAX; i += CHACHA_BLOCK_BYTES)
        assert_memory_not_equal(bytes, bytes + i, CHACHA_BLOCK_BYTES);
}

static void the_seed_matters(void **state)
{
    uint8_t first[32], second[32];
    must_read(first, sizeof first);
    set_up(state);
    service_value = 0x5B;
    must_read(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    set_up(state);
    must_read(second, sizeof second);
    assert_memory_equal(first, second, sizeof first); // and at this time nothing else does
}

static void a_seed_may_come_in_pieces(void **state)
{
    (void)state;
    uint8_t bytes[32];
    service_bytes = 5;
    must_read(bytes, sizeof bytes);
    assert_int_equal(service_calls, 7);
    assert_true(generator.seeded);
}

static void a_seed_is_asked_for_at_first_and_after_a_mebibyte_or_a_minute(void **state)
{
    (void)state;
    static uint8_t bytes[READ_MAX];
    must_read(bytes, 1);
    must_read(bytes, 1);
    assert_int_equal(service_calls, 1);
    for (uint32_t i = 0; i < RESEED_BYTES / READ_MAX; i++)
        must_read(bytes, READ_MAX);
    assert_int_equal(service_calls, 1);
    must_read(bytes, 1);
    assert_int_equal(service_calls, 2);
    now += RESEED_NS - 1;
    must_read(bytes, 1);
    assert_int_equal(service_calls, 2);
    now++;
    must_read(bytes, 1);
    assert_int_equal(service_calls, 3);
}

static void without_the_service_the_time_is_the_seed_and_it_is_asked_each_second(void **state)
{
    uint8_t first[32], second[32];
    service_error = RPC_DEAD;
    must_read(first, sizeof first);
    must_read(second, sizeof second);
    assert_int_equal(service_calls, 1);
    assert_memory_not_equal(first, second, sizeof first);
    now += RETRY_NS;
    service_error = 0;
    must_read(second, sizeof second);
    assert_true(generator.seeded);
    assert_int_equal(service_calls, 2);
    set_up(state);
    service_error = RPC_DEAD;
    now++;
    must_read(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void a_reseeding_that_fails_costs_nothing_but_a_new_attempt(void **state)
{
    (void)state;
    uint8_t bytes[32];
    must_read(bytes, sizeof bytes);
    now += RESEED_NS;
    service_error = -EAGAIN;
    must_read(bytes, sizeof bytes);
    must_read(bytes, sizeof bytes);
    assert_int_equal(service_calls, 2);
    assert_true(generator.seeded);
    now += RETRY_NS;
    must_read(bytes, sizeof bytes);
    assert_int_equal(service_calls, 3);
}

static void a_service_that_gives_nonsense_is_none(void **state)
{
    (void)state;
    uint8_t bytes[32];
    service_bytes = 0;
    must_read(bytes, sizeof bytes);
    assert_int_equal(service_calls, 1);
    assert_false(generator.seeded);
}

static void readers_do_not_wait_for_a_seed_that_others_fetch_but_for_the_first(void **state)
{
    (void)state;
    uint8_t bytes[32];
    must_read(bytes, sizeof bytes);
    now += RESEED_NS;
    seeding.word = 1; // somebody is at it
    must_read(bytes, sizeof bytes);
    assert_int_equal(service_calls, 1);
    seeding.word = 0;
    must_read(bytes, sizeof bytes);
    assert_int_equal(service_calls, 2);
}

static void who_must_leave_before_there_is_a_seed_gets_nothing(void **state)
{
    (void)state;
    uint8_t bytes[32];
    service_error = -EINTR;
    assert_int_equal(read_bytes(bytes, sizeof bytes).status, -EINTR);
    service_error = -ENOMEM;
    assert_int_equal(read_bytes(bytes, sizeof bytes).status, -ENOMEM);
    service_error = 0;
    must_read(bytes, sizeof bytes); // at once
    assert_true(generator.seeded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_block_function_is_the_rfc_s),
        cmocka_unit_test(a_stream_may_be_made_piece_by_piece),
        cmocka_unit_test_setup(what_was_given_does_not_follow_from_the_key_that_is_left, set_up),
        cmocka_unit_test_setup(a_long_read_is_given_in_part_and_repeats_nothing, set_up),
        cmocka_unit_test_setup(the_seed_matters, set_up),
        cmocka_unit_test_setup(a_seed_may_come_in_pieces, set_up),
        cmocka_unit_test_setup(a_seed_is_asked_for_at_first_and_after_a_mebibyte_or_a_minute,
                               set_up),
        cmocka_unit_test_setup(without_the_service_the_time_is_the_seed_and_it_is_asked_each_second,
                               set_up),
        cmocka_unit_test_setup(a_reseeding_that_fails_costs_nothing_but_a_new_attempt, set_up),
        cmocka_unit_test_setup(a_service_that_gives_nonsense_is_none, set_up),
        cmocka_unit_test_setup(readers_do_not_wait_for_a_seed_that_others_fetch_but_for_the_first,
                               set_up),
        cmocka_unit_test_setup(who_must_leave_before_there_is_a_seed_gets_nothing, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
