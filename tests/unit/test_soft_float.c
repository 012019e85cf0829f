// SPDX-License-Identifier: MIT
// test-sources: domainlib/soft_float.c
// test-flags: -Idomainlib
//
// The domains' floating point against the host's own, on awkward and on random values.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "soft_float.h"

static uint64_t state = 4711;

static uint64_t random_word(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

// Zeros, ones, the smallest and largest of their kind, infinities, what is not a number, random
// bits, and numbers whose exponents are near each other.
static uint64_t awkward(int precision, int bits)
{
    uint64_t infinity = ((1ull << (bits - precision)) - 1) << (precision - 1);
    uint64_t one = infinity / 2 & ~((1ull << (precision - 1)) - 1);
    const uint64_t values[] = {0,
                               1,
                               2,
                               one,
                               one + 1,
                               one - 1,
                               infinity,
                               infinity - 1,
                               infinity + 1,
                               1ull << (precision - 1),
                               (1ull << (precision - 1)) - 1,
                               infinity | 1ull << (precision - 2)};
    uint64_t sign = random_word() & 1ull << (bits - 1);
    uint64_t fraction = random_word() & ((1ull << (precision - 1)) - 1);
    switch (random_word() % 4) {
    case 0:
        return sign | values[random_word() % (sizeof values / sizeof values[0])];
    case 1:
        return sign | fraction | (random_word() & infinity);
    case 2: // as large as integers are
        return sign | (one + ((random_word() % 70) << (precision - 1))) | fraction;
    default:
        return sign | (one + ((random_word() % 4) << (precision - 1))) |
               (fraction & random_word() & random_word());
    }
}

static uint64_t round_number;

static void same(const char *what, uint64_t got, uint64_t wanted)
{
    if (got == wanted)
        return;
    print_error("%s: 0x%llx, the host says 0x%llx, round %llu\n", what, (unsigned long long)got,
                (unsigned long long)wanted, (unsigned long long)round_number);
    fail();
}

#define TEST(letters, type, word, precision)                                                       \
    static word word_of_##letters(type value)                                                      \
    {                                                                                              \
        word bits;                                                                                 \
        memcpy(&bits, &value, sizeof bits);                                                        \
        if (value != value) /* the payload and sign are nobody's promise */                        \
            return (word)(((1ull << (sizeof(word) * 8 - (precision))) * 2 - 1)                     \
                          << ((precision)-2));                                                     \
        return bits;                                                                               \
    }                                                                                              \
    static type value_of_##letters(word bits)                                                      \
    {                                                                                              \
        type value;                                                                                \
        memcpy(&value, &bits, sizeof value);                                                       \
        return value;                                                                              \
    }                                                                                              \
    static void letters##_arithmetic(void **unused)                                                \
    {                                                                                              \
        (void)unused;                                                                              \
        for (round_number = 0; round_number < 300000; round_number++) {                            \
            word a = (word)awkward(precision, sizeof(word) * 8);                                   \
            word b = (word)awkward(precision, sizeof(word) * 8);                                   \
            type x = value_of_##letters(a), y = value_of_##letters(b);                             \
            same("+", __add##letters##3(a, b), word_of_##letters(x + y));                          \
            same("-", __sub##letters##3(a, b), word_of_##letters(x - y));                          \
            same("*", __mul##letters##3(a, b), word_of_##letters(x *y));                           \
            same("/", __div##letters##3(a, b), word_of_##letters(x / y));                          \
            same("==", __eq##letters##2(a, b) == 0, x == y);                                       \
            same("!=", __ne##letters##2(a, b) != 0, x != y);                                       \
            same("<", __lt##letters##2(a, b) < 0, x < y);                                          \
            same("<=", __le##letters##2(a, b) <= 0, x <= y);                                       \
            same(">", __gt##letters##2(a, b) > 0, x > y);                                          \
            same(">=", __ge##letters##2(a, b) >= 0, x >= y);                                       \
            same("no order", __unord##letters##2(a, b) != 0, x != x || y != y);                    \
        }                                                                                          \
    }                                                                                              \
    static void letters##_conversions(void **unused)                                               \
    {                                                                                              \
        (void)unused;                                                                              \
        for (round_number = 0; round_number < 300000; round_number++) {                            \
            word a = (word)awkward(precision, sizeof(word) * 8);                                   \
            type x = value_of_##letters(a);                                                        \
            uint64_t n = random_word() >> random_word() % 64;                                      \
            if (x > -0x1p31 && x < 0x1p31)                                                         \
                same("int", (uint32_t)__fix##letters##si(a), (uint32_t)(int32_t)x);                \
            if (x > -0x1p63 && x < 0x1p63)                                                         \
                same("long", (uint64_t)__fix##letters##di(a), (uint64_t)(int64_t)x);               \
            if (x > -1 && x < 0x1p32)                                                              \
                same("unsigned", __fixuns##letters##si(a), (uint32_t)x);                           \
            if (x > -1 && x < 0x1p64)                                                              \
                same("unsigned long", __fixuns##letters##di(a), (uint64_t)x);                      \
            same("from int", __floatsi##letters((int32_t)n), word_of_##letters((type)(int32_t)n)); \
            same("from long", __floatdi##letters((int64_t)n),                                      \
                 word_of_##letters((type)(int64_t)n));                                             \
            same("from unsigned", __floatunsi##letters((uint32_t)n),                               \
                 word_of_##letters((type)(uint32_t)n));                                            \
            same("from unsigned long", __floatundi##letters(n), word_of_##letters((type)n));       \
        }                                                                                          \
    }

TEST(sf, float, uint32_t, 24)
TEST(df, double, uint64_t, 53)

static void float_and_double_become_each_other(void **unused)
{
    (void)unused;
    for (round_number = 0; round_number < 300000; round_number++) {
        uint32_t a = (uint32_t)awkward(24, 32);
        uint64_t b = awkward(53, 64);
        if (round_number % 2)
            b = word_of_df((double)value_of_sf(a)) ^ (random_word() & 0x3fffffff);
        same("wider", __extendsfdf2(a), word_of_df((double)value_of_sf(a)));
        same("narrower", __truncdfsf2(b), word_of_sf((float)value_of_df(b)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sf_arithmetic),
        cmocka_unit_test(sf_conversions),
        cmocka_unit_test(df_arithmetic),
        cmocka_unit_test(df_conversions),
        cmocka_unit_test(float_and_double_become_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
