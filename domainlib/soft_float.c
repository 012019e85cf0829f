// SPDX-License-Identifier: MIT
// Floating point in software, for libraries that need a little of it: domains have no such
// registers, and libgcc.a is not confined. The names and the meaning are those that gcc calls
// ("Soft float library routines" in its internals manual); IEEE 754, rounding to nearest, no flags.
// Values travel as the integers that lp64 passes them in.
#include "soft_float.h"

#include <stdbool.h>

#define TOP (1ull << 63)

enum kind { ZERO, FINITE, INFINITE, NOT_A_NUMBER };

// FINITE: fraction / 2^63 * 2^exponent, with TOP set in the fraction; what is lost leaves a one in
// its lowest bit, so that rounding knows.
struct real {
    enum kind kind;
    bool negative;
    int32_t exponent;
    uint64_t fraction;
};

struct format {
    int bits, precision; // of the whole, of the fraction with its leading one
};
static const struct format single = {32, 24}, twofold = {64, 53};

static int exponent_limit(const struct format *format)
{
    return (1 << (format->bits - format->precision)) - 1; // infinities and what is not a number
}

static int exponent_bias(const struct format *format)
{
    return exponent_limit(format) / 2;
}

static uint64_t shift_right(uint64_t value, int32_t distance)
{
    if (distance <= 0)
        return value;
    if (distance > 63)
        return value != 0;
    return value >> distance | (value << (64 - distance) != 0);
}

static struct real normalized(bool negative, int32_t exponent, uint64_t fraction)
{
    if (!fraction)
        return (struct real){.kind = ZERO, .negative = negative};
    int distance = __builtin_clzll(fraction);
    return (struct real){FINITE, negative, exponent - distance, fraction << distance};
}

static struct real unpack(uint64_t word, const struct format *format)
{
    int fraction_bits = format->precision - 1;
    uint64_t fraction = word << (64 - fraction_bits); // without the leading one
    int32_t exponent = (int32_t)(word >> fraction_bits) & exponent_limit(format);
    bool negative = word >> (format->bits - 1) & 1;
    if (exponent == exponent_limit(format))
        return (struct real){.kind = fraction ? NOT_A_NUMBER : INFINITE, .negative = negative};
    if (!exponent)
        return normalized(negative, 1 - exponent_bias(format), fraction >> 1);
    return (struct real){FINITE, negative, exponent - exponent_bias(format), TOP | fraction >> 1};
}

// Rounds to nearest, to even in the middle. A carry out of the fraction is one more in the
// exponent, up to infinity: the parts lie side by side for that.
static uint64_t round_to(const struct real *real, const struct format *format)
{
    int extra = 64 - format->precision;
    int32_t exponent = real->exponent + exponent_bias(format);
    uint64_t fraction = real->fraction;
    if (exponent >= exponent_limit(format))
        return (uint64_t)exponent_limit(format) << (format->precision - 1);
    if (exponent < 1)
        fraction = shift_right(fraction, 1 - exponent);
    uint64_t half = 1ull << (extra - 1), rest = fraction & (2 * half - 1);
    uint64_t word = fraction >> extra;
    if (exponent > 1) // else the leading one, if there is one, says the exponent
        word += (uint64_t)(exponent - 1) << (format->precision - 1);
    return word + (rest > half || (rest == half && (word & 1)));
}

static uint64_t pack(struct real real, const struct format *format)
{
    uint64_t limit = (uint64_t)exponent_limit(format) << (format->precision - 1);
    uint64_t sign = (uint64_t)real.negative << (format->bits - 1);
    switch (real.kind) {
    case ZERO:
        return sign;
    case INFINITE:
        return sign | limit;
    case NOT_A_NUMBER:
        return limit | 1ull << (format->precision - 2);
    default:
        return sign | round_to(&real, format);
    }
}

static const struct real no_number = {.kind = NOT_A_NUMBER};

static struct real add(struct real a, struct real b)
{
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER ||
        (a.kind == INFINITE && b.kind == INFINITE && a.negative != b.negative))
        return no_number;
    if (a.kind == ZERO && b.kind == ZERO)
        return (struct real){.kind = ZERO, .negative = a.negative && b.negative};
    if (a.kind == INFINITE || b.kind == ZERO)
        return a;
    if (b.kind == INFINITE || a.kind == ZERO)
        return b;
    if (a.exponent < b.exponent || (a.exponent == b.exponent && a.fraction < b.fraction)) {
        struct real larger = b;
        b = a, a = larger;
    }
    // One bit of room for the carry; the lowest eleven are zero in what comes from outside.
    uint64_t left = a.fraction >> 1, right = shift_right(b.fraction >> 1, a.exponent - b.exponent);
    struct real sum = normalized(a.negative, a.exponent + 1,
                                 a.negative == b.negative ? left + right : left - right);
    if (sum.kind == ZERO)
        sum.negative = false;
    return sum;
}

static struct real multiply(struct real a, struct real b)
{
    bool negative = a.negative != b.negative;
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER ||
        (a.kind == INFINITE && b.kind == ZERO) || (a.kind == ZERO && b.kind == INFINITE))
        return no_number;
    if (a.kind != FINITE || b.kind != FINITE) {
        bool infinite = a.kind == INFINITE || b.kind == INFINITE;
        return (struct real){.kind = infinite ? INFINITE : ZERO, .negative = negative};
    }
    unsigned __int128 product = (unsigned __int128)a.fraction * b.fraction;
    uint64_t upper = (uint64_t)(product >> 64) | ((uint64_t)product != 0);
    return normalized(negative, a.exponent + b.exponent + 1, upper);
}

static struct real divide(struct real a, struct real b)
{
    bool negative = a.negative != b.negative;
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER || (a.kind == b.kind && a.kind != FINITE))
        return no_number;
    if (a.kind == ZERO || b.kind == INFINITE)
        return (struct real){.kind = ZERO, .negative = negative};
    if (a.kind == INFINITE || b.kind == ZERO)
        return (struct real){.kind = INFINITE, .negative = negative};
    uint64_t quotient = 0, rest = a.fraction >> 1, divisor = b.fraction >> 1;
    for (int bit = 63; bit >= 0; bit--) {
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1ull << bit;
        }
        rest <<= 1;
    }
    return normalized(negative, a.exponent - b.exponent, quotient | (rest != 0));
}

// -1, 0 or 1; 2 where one of them is not a number.
static int compare(struct real a, struct real b)
{
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER)
        return 2;
    if (a.kind == ZERO && b.kind == ZERO)
        return 0;
    if (a.kind == ZERO || b.kind == ZERO || a.negative != b.negative)
        return (a.kind == ZERO ? !b.negative : a.negative) ? -1 : 1;
    int larger = a.negative ? -1 : 1;
    if (a.kind == INFINITE || b.kind == INFINITE)
        return a.kind == b.kind ? 0 : a.kind == INFINITE ? larger : -larger;
    if (a.exponent != b.exponent)
        return a.exponent > b.exponent ? larger : -larger;
    return a.fraction == b.fraction ? 0 : a.fraction > b.fraction ? larger : -larger;
}

static struct real from_unsigned(uint64_t value)
{
    return normalized(false, 63, value);
}

static struct real from_signed(int64_t value)
{
    return normalized(value < 0, 63, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

// Towards zero. What does not fit becomes the nearest that does, as RISC-V's own instructions do
// it.
static uint64_t to_integer(struct real a, uint64_t most, uint64_t least)
{
    uint64_t limit = a.negative ? least : most;
    if (a.kind == NOT_A_NUMBER)
        return most;
    if (a.kind == ZERO || (a.kind == FINITE && a.exponent < 0))
        return 0;
    uint64_t value = a.kind == FINITE && a.exponent < 64 ? a.fraction >> (63 - a.exponent) : TOP;
    if (a.kind == INFINITE || a.exponent > 63 || value > limit)
        value = limit;
    return a.negative ? -value : value;
}

#define BINARY(name, word, format, operation)                                                      \
    word name(word a, word b)                                                                      \
    {                                                                                              \
        return (word)pack(operation(unpack(a, &format), unpack(b, &format)), &format);             \
    }
// How gcc asks: the sign of the result answers, and where there is no order it must be the one that
// makes the comparison false.
#define COMPARISON(name, word, format, unordered)                                                  \
    int name(word a, word b)                                                                       \
    {                                                                                              \
        int order = compare(unpack(a, &format), unpack(b, &format));                               \
        return order == 2 ? (unordered) : order;                                                   \
    }
#define FORMAT(letters, word, format)                                                              \
    BINARY(__add##letters##3, word, format, add)                                                   \
    BINARY(__mul##letters##3, word, format, multiply)                                              \
    BINARY(__div##letters##3, word, format, divide)                                                \
    word __sub##letters##3(word a, word b)                                                         \
    {                                                                                              \
        return __add##letters##3(a, b ^ (word)1 << (sizeof(word) * 8 - 1));                        \
    }                                                                                              \
    COMPARISON(__eq##letters##2, word, format, 1)                                                  \
    COMPARISON(__ne##letters##2, word, format, 1)                                                  \
    COMPARISON(__lt##letters##2, word, format, 1)                                                  \
    COMPARISON(__le##letters##2, word, format, 1)                                                  \
    COMPARISON(__gt##letters##2, word, format, -1)                                                 \
    COMPARISON(__ge##letters##2, word, format, -1)                                                 \
    int __unord##letters##2(word a, word b)                                                        \
    {                                                                                              \
        return compare(unpack(a, &format), unpack(b, &format)) == 2;                               \
    }                                                                                              \
    int32_t __fix##letters##si(word a)                                                             \
    {                                                                                              \
        return (int32_t)to_integer(unpack(a, &format), INT32_MAX, 1ull << 31);                     \
    }                                                                                              \
    int64_t __fix##letters##di(word a)                                                             \
    {                                                                                              \
        return (int64_t)to_integer(unpack(a, &format), INT64_MAX, TOP);                            \
    }                                                                                              \
    uint32_t __fixuns##letters##si(word a)                                                         \
    {                                                                                              \
        return (uint32_t)to_integer(unpack(a, &format), UINT32_MAX, 0);                            \
    }                                                                                              \
    uint64_t __fixuns##letters##di(word a)                                                         \
    {                                                                                              \
        return to_integer(unpack(a, &format), UINT64_MAX, 0);                                      \
    }                                                                                              \
    word __floatsi##letters(int32_t a)                                                             \
    {                                                                                              \
        return (word)pack(from_signed(a), &format);                                                \
    }                                                                                              \
    word __floatdi##letters(int64_t a)                                                             \
    {                                                                                              \
        return (word)pack(from_signed(a), &format);                                                \
    }                                                                                              \
    word __floatunsi##letters(uint32_t a)                                                          \
    {                                                                                              \
        return (word)pack(from_unsigned(a), &format);                                              \
    }                                                                                              \
    word __floatundi##letters(uint64_t a)                                                          \
    {                                                                                              \
        return (word)pack(from_unsigned(a), &format);                                              \
    }

FORMAT(sf, uint32_t, single)
FORMAT(df, uint64_t, twofold)

uint64_t __extendsfdf2(uint32_t a)
{
    return pack(unpack(a, &single), &twofold);
}

uint32_t __truncdfsf2(uint64_t a)
{
    return (uint32_t)pack(unpack(a, &twofold), &single);
}
