// SPDX-License-Identifier: MIT
// tr: puts the bytes of SET2 in the place of those of SET1, from stdin to stdout. -d: deletes those
// of SET1, -s: one for several equal ones of the last set, -c: SET1 is all others. A set has ranges
// (a-z), classes ([:alpha:]) and escapes (\n \t \\ \012), SET2 also [x*N], x so many times.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

#define SET_MAX 1024

struct set {
    unsigned char bytes[SET_MAX];
    size_t count;
};

static const struct {
    const char *name;
    int (*has)(int);
} classes[] = {
    {"[:alpha:]", isalpha}, {"[:digit:]", isdigit}, {"[:alnum:]", isalnum},
    {"[:space:]", isspace}, {"[:upper:]", isupper}, {"[:lower:]", islower},
    {"[:punct:]", ispunct}, {"[:blank:]", isblank}, {"[:cntrl:]", iscntrl},
    {"[:print:]", isprint}, {"[:graph:]", isgraph}, {"[:xdigit:]", isxdigit},
};

static void set_add(struct set *set, int byte)
{
    if (set->count == SET_MAX)
        tool_usage_error("a set has more than %d bytes", SET_MAX);
    set->bytes[set->count++] = (unsigned char)byte;
}

/* Takes a class, if one comes next. */
static bool class_take(struct set *set, const char **text)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        size_t length = strlen(classes[i].name);
        if (strncmp(*text, classes[i].name, length) != 0)
            continue;
        for (int byte = 0; byte < 256; byte++)
            if (classes[i].has(byte))
                set_add(set, byte);
        *text += length;
        return true;
    }
    return false;
}

/* Takes a byte, which may be an escape. */
static int byte_take(const char **text)
{
    static const char letters[] = "abfnrtv", meanings[] = "\a\b\f\n\r\t\v";
    if (**text != '\\' || !(*text)[1])
        return (unsigned char)*(*text)++;
    (*text)++;
    if (**text >= '0' && **text <= '7') {
        int value = 0;
        for (int i = 0; i < 3 && **text >= '0' && **text <= '7'; i++)
            value = value * 8 + *(*text)++ - '0';
        return value & 255;
    }
    const char *known = strchr(letters, **text);
    int letter = (unsigned char)*(*text)++;
    return known ? meanings[known - letters] : letter;
}

/* Takes [x*N], or [x*], which is as many as SET1 has more; `missing` says how many that are. */
static bool repeat_take(struct set *set, const char **text, long missing)
{
    const char *at = *text + 1;
    if (**text != '[' || !*at)
        return false;
    int byte = byte_take(&at);
    if (*at++ != '*')
        return false;
    size_t digits = strspn(at, "0123456789");
    if (at[digits] != ']')
        return false;
    long count = strtol(at, NULL, at[0] == '0' ? 8 : 10);
    if (count == 0)
        count = missing - (long)set->count;
    for (; count > 0; count--)
        set_add(set, byte);
    *text = at + digits + 1;
    return true;
}

/* `missing`: of SET2 only, the size of SET1; else 0. */
static void set_parse(struct set *set, const char *text, long missing)
{
    while (*text) {
        if (class_take(set, &text) || (missing && repeat_take(set, &text, missing)))
            continue;
        int low = byte_take(&text), high = low;
        if (text[0] == '-' && text[1]) {
            text++;
            high = byte_take(&text);
        }
        if (high < low)
            tool_usage_error("a range runs backwards");
        for (; low <= high; low++)
            set_add(set, low);
    }
}

static void set_invert(struct set *set)
{
    struct set others = {.count = 0};
    for (int byte = 0; byte < 256; byte++)
        if (!memchr(set->bytes, byte, set->count))
            set_add(&others, byte);
    *set = others;
}

/* What becomes of each byte: -1 where it goes. */
static int result[256];
static bool squeezed[256];

static void bytes_translate(void)
{
    static unsigned char buffer[65536];
    int before = -1;
    for (ssize_t length; (length = read(STDIN_FILENO, buffer, sizeof buffer)) != 0;) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            tool_fail("-");
        for (ssize_t i = 0; i < length; i++) {
            int byte = result[buffer[i]];
            if (byte < 0 || (byte == before && squeezed[byte]))
                continue;
            putchar(byte);
            before = byte;
        }
        tool_output_check();
    }
}

static void tables_fill(const struct set *first, const struct set *second, bool deletes,
                        bool squeezes)
{
    const struct set *last = second->count ? second : first;
    for (int byte = 0; byte < 256; byte++)
        result[byte] = byte;
    for (size_t i = 0; i < first->count && (deletes || second->count); i++)
        result[first->bytes[i]] =
            deletes ? -1 : second->bytes[i < second->count ? i : second->count - 1];
    for (size_t i = 0; squeezes && i < last->count; i++)
        squeezed[last->bytes[i]] = true;
}

int main(int argc, char **argv)
{
    static struct set first, second;
    bool deletes = false, squeezes = false, inverted = false;
    tool_begin("tr", "[-cds] SET1 [SET2]");
    for (int letter; (letter = tool_option(argc, argv, "cCds")) >= 0;) {
        deletes |= letter == 'd';
        squeezes |= letter == 's';
        inverted |= letter == 'c' || letter == 'C';
    }
    int sets = argc - optind;
    if (sets < 1 || sets > 2)
        tool_usage_error("one or two sets are needed");
    if (sets == 1 && !deletes && !squeezes)
        tool_usage_error("SET2 is needed, or -d, or -s");
    if (sets == 2 && deletes && !squeezes)
        tool_usage_error("-d takes one set");
    set_parse(&first, argv[optind], 0);
    if (inverted)
        set_invert(&first);
    if (sets == 2)
        set_parse(&second, argv[optind + 1], (long)first.count);
    if (sets == 2 && !second.count)
        tool_usage_error("SET2 is empty");
    tables_fill(&first, &second, deletes, squeezes);
    bytes_translate();
    return tool_status();
}
