// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "sort.h"
#include "tool.h"

#define KEYS_MAX 16

/* From byte `first_byte` of field `first` to byte `last_byte` of field `last`, counted from 1;
   last 0: to the end of the line, last_byte 0: to the end of the field. */
static struct key {
    long first, first_byte, last, last_byte;
    struct order order;
    bool own_order;
} keys[KEYS_MAX];
static int count;
static int divider;

struct part {
    const char *text;
    size_t length;
};

// ---- Taking a key's description ----

static bool number_take(const char **text, long *value)
{
    char *end;
    if (!isdigit((unsigned char)**text))
        return false;
    *value = strtol(*text, &end, 10);
    *text = end;
    return true;
}

static void order_take(const char **text, struct key *key)
{
    for (;; (*text)++, key->own_order = true) {
        if (**text == 'n')
            key->order.numeric = true;
        else if (**text == 'r')
            key->order.backwards = true;
        else if (**text == 'f')
            key->order.fold_case = true;
        else if (**text == 'b')
            key->order.skip_blanks = true;
        else
            return;
    }
}

/* FIELD[.BYTE][nrfb] */
static bool place_take(const char **text, long *field, long *byte, struct key *key)
{
    if (!number_take(text, field) || *field < 1)
        return false;
    if (**text == '.') {
        (*text)++;
        if (!number_take(text, byte))
            return false;
    }
    order_take(text, key);
    return true;
}

void key_add(const char *text)
{
    const char *rest = text;
    if (count == KEYS_MAX)
        tool_usage_error("more than %d keys", KEYS_MAX);
    struct key *key = &keys[count++];
    key->first_byte = 1;
    bool good = place_take(&rest, &key->first, &key->first_byte, key) && key->first_byte >= 1;
    if (good && *rest == ',') {
        rest++;
        good = place_take(&rest, &key->last, &key->last_byte, key);
    }
    if (!good || *rest)
        tool_usage_error("%s: not a key (2, 2,3, 1.4,1.6n)", text);
}

void keys_finish(const struct order *order, int between)
{
    divider = between;
    for (int i = 0; i < count; i++)
        if (!keys[i].own_order)
            keys[i].order = *order;
    if (count == 0)
        keys[count++] = (struct key){.first = 1, .first_byte = 1, .order = *order};
}

// ---- Finding it in a line ----

/* Where field number `field` begins, or the line's end. */
static const char *field_find(const char *line, long field)
{
    for (; field > 1 && *line; field--) {
        if (divider >= 0) {
            const char *next = strchr(line, divider);
            line = next ? next + 1 : line + strlen(line);
            continue;
        }
        while (isblank((unsigned char)*line))
            line++;
        while (*line && !isblank((unsigned char)*line))
            line++;
    }
    return line;
}

static const char *field_end(const char *at)
{
    if (divider >= 0) {
        const char *next = strchr(at, divider);
        return next ? next : at + strlen(at);
    }
    while (isblank((unsigned char)*at))
        at++;
    while (*at && !isblank((unsigned char)*at))
        at++;
    return at;
}

static const char *blanks_skip(const char *text, bool wanted)
{
    while (wanted && isblank((unsigned char)*text))
        text++;
    return text;
}

static const char *bytes_skip(const char *text, long bytes)
{
    for (; bytes > 0 && *text; bytes--)
        text++;
    return text;
}

static struct part part_find(const char *line, const struct key *key)
{
    const char *start = blanks_skip(field_find(line, key->first), key->order.skip_blanks);
    start = bytes_skip(start, key->first_byte - 1);
    if (!key->last)
        return (struct part){start, strlen(start)};
    const char *end = field_find(line, key->last);
    if (key->last_byte)
        end = bytes_skip(blanks_skip(end, key->order.skip_blanks), key->last_byte);
    else
        end = field_end(end);
    return (struct part){start, end > start ? (size_t)(end - start) : 0};
}

// ---- Comparing ----

static int texts_compare(struct part a, struct part b, bool fold_case)
{
    size_t both = a.length < b.length ? a.length : b.length;
    for (size_t i = 0; i < both; i++) {
        int x = (unsigned char)a.text[i], y = (unsigned char)b.text[i];
        if (fold_case) {
            x = toupper(x);
            y = toupper(y);
        }
        if (x != y)
            return x - y;
    }
    return (a.length > b.length) - (a.length < b.length);
}

static bool digit_next(const struct part *part)
{
    return part->length && isdigit((unsigned char)*part->text);
}

static void byte_skip(struct part *part)
{
    part->text++;
    part->length--;
}

/* The digits at the front, and moves on behind them. */
static struct part digits_take(struct part *part)
{
    struct part digits = {part->text, 0};
    for (; digit_next(part); digits.length++)
        byte_skip(part);
    return digits;
}

static bool digits_are_zero(struct part digits)
{
    while (digits.length && *digits.text == '0')
        byte_skip(&digits);
    return digits.length == 0;
}

/* A number however long: sign, digits, a fraction. What is none counts as 0. */
struct number {
    bool negative;
    struct part whole, fraction;
};

static struct number number_read(struct part part)
{
    struct number number = {0};
    while (part.length && isblank((unsigned char)*part.text))
        byte_skip(&part);
    number.negative = part.length && *part.text == '-';
    if (number.negative)
        byte_skip(&part);
    while (part.length && *part.text == '0')
        byte_skip(&part);
    number.whole = digits_take(&part);
    if (part.length && *part.text == '.') {
        byte_skip(&part);
        number.fraction = digits_take(&part);
    }
    while (number.fraction.length && number.fraction.text[number.fraction.length - 1] == '0')
        number.fraction.length--;
    number.negative &= !digits_are_zero(number.whole) || number.fraction.length;
    return number;
}

static int numbers_compare(struct part left, struct part right)
{
    struct number a = number_read(left), b = number_read(right);
    if (a.negative != b.negative)
        return a.negative ? -1 : 1;
    int order = (a.whole.length > b.whole.length) - (a.whole.length < b.whole.length);
    if (order == 0)
        order = texts_compare(a.whole, b.whole, false);
    if (order == 0)
        order = texts_compare(a.fraction, b.fraction, false);
    return a.negative ? -order : order;
}

int keys_compare(const char *left, const char *right)
{
    for (int i = 0; i < count; i++) {
        struct part a = part_find(left, &keys[i]), b = part_find(right, &keys[i]);
        int order = keys[i].order.numeric ? numbers_compare(a, b)
                                          : texts_compare(a, b, keys[i].order.fold_case);
        if (order)
            return keys[i].order.backwards ? -order : order;
    }
    return 0;
}
