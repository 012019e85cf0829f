// SPDX-License-Identifier: MIT
// od: bytes as numbers. -t: as x, o, d or u of 1, 2, 4 or 8 bytes, or c; -b, -c, -d, -o, -x: o1, c,
// u2, o2, x2; -A: addresses in o, d, x or none (n), -j: skips, -N: no more than that, -v: rows that
// repeat the one above too, instead of a star.
#include <ctype.h>
#include <string.h>
#include <unistd.h>
#include "dump.h"
#include "tool.h"

#define FORMATS_MAX 8
#define NUMBER_ROOM 128 /* of one number with its gap: a row of the widest format has 96 */

static struct format {
    char kind;   /* o, d, u, x or c */
    size_t size; /* bytes of one number */
    int width;   /* of one number as it is printed */
    int gap;     /* before it: rows of all formats are equally long */
} formats[FORMATS_MAX];
static int format_count;
static char address_base = 'o';

static int width_find(char kind, size_t size)
{
    static const struct {
        char kind;
        int widths[4]; /* of 1, 2, 4, 8 bytes */
    } known[] = {{'o', {3, 6, 11, 22}},
                 {'x', {2, 4, 8, 16}},
                 {'u', {3, 5, 10, 20}},
                 {'d', {4, 6, 11, 20}},
                 {'c', {3, 3, 3, 3}}};
    size_t i = 0;
    while (known[i].kind != kind)
        i++;
    return known[i].widths[size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3];
}

static void format_add(const char *text)
{
    char kind = text[0];
    size_t size = kind == 'c' ? 1 : text[1] ? (size_t)(text[1] - '0') : 4;
    bool known =
        kind && strchr("odxuc", kind) && (size == 1 || size == 2 || size == 4 || size == 8);
    if (!known || (text[1] && (text[2] || kind == 'c')) || format_count == FORMATS_MAX)
        tool_usage_error("%s: not a type (x1, o2, d4, u8, c)", text);
    formats[format_count++] = (struct format){kind, size, width_find(kind, size), 0};
}

/* A number takes as much room as the same bytes do in the widest format. */
static void gaps_find(void)
{
    int widest = 0;
    for (int i = 0; i < format_count; i++) {
        int width = (formats[i].width + 1) * (int)(DUMP_ROW / formats[i].size);
        widest = width > widest ? width : widest;
    }
    for (int i = 0; i < format_count; i++)
        formats[i].gap = widest / (int)(DUMP_ROW / formats[i].size) - formats[i].width;
}

static void letter_print(int gap, unsigned char byte)
{
    static const char letters[] = "\0\a\b\f\n\r\t\v", names[] = "0abfnrtv";
    const char *found = memchr(letters, byte, sizeof letters - 1);
    printf("%*s", gap, "");
    if (found)
        printf(" \\%c", names[found - letters]);
    else if (isprint(byte))
        printf("  %c", byte);
    else
        printf("%03o", byte);
}

/* By hand, gap and all: printf takes ten times as long, and there is one for each byte. */
static void number_print(const struct format *format, const unsigned char *bytes)
{
    char text[NUMBER_ROOM], *at = text + sizeof text - 1;
    unsigned long value = 0, base = format->kind == 'o' ? 8 : format->kind == 'x' ? 16 : 10;
    for (size_t i = 0; i < format->size; i++)
        value |= (unsigned long)bytes[i] << 8 * i;
    int shift = 64 - 8 * (int)format->size;
    bool is_negative = format->kind == 'd' && (long)(value << shift) < 0;
    if (is_negative)
        value = -(unsigned long)((long)(value << shift) >> shift);
    const char *zeros = at - (base == 10 ? 0 : format->width);
    const char *spaces = at - format->width - format->gap;
    *at = 0;
    do
        *--at = "0123456789abcdef"[value % base];
    while ((value /= base) || at > zeros);
    if (is_negative)
        *--at = '-';
    while (at > spaces)
        *--at = ' ';
    fputs(at, stdout);
}

static void address_print(void)
{
    if (address_base == 'o')
        printf("%07lo", dump.offset);
    else if (address_base == 'd')
        printf("%07ld", dump.offset);
    else if (address_base == 'x')
        printf("%06lx", dump.offset);
}

/* Bytes that are missing at the end of the last row count as 0. */
static void row_print(unsigned char *row, size_t filled)
{
    memset(row + filled, 0, DUMP_ROW - filled);
    for (int i = 0; i < format_count; i++) {
        const struct format *format = &formats[i];
        if (i == 0)
            address_print();
        else if (address_base != 'n')
            printf("%*s", address_base == 'x' ? 6 : 7, "");
        for (size_t at = 0; at < filled; at += format->size) {
            if (format->kind == 'c')
                letter_print(format->gap, row[at]);
            else
                number_print(format, row + at);
        }
        putchar('\n');
    }
}

int main(int argc, char **argv)
{
    static const char letters[] = "bcdox", *const types[] = {"o1", "c", "u2", "o2", "x2"};
    tool_begin("od", "[-bcdovx] [-t TYPE]... [-A o|d|x|n] [-j SKIP] [-N BYTES] [FILE]...");
    for (int letter; (letter = tool_option(argc, argv, "bcdovxt:A:j:N:")) >= 0;) {
        const char *found = strchr(letters, letter);
        if (found)
            format_add(types[found - letters]);
        dump.verbose |= letter == 'v';
        if (letter == 't')
            format_add(optarg);
        if (letter == 'A' && (!optarg[0] || !strchr("odxn", optarg[0]) || optarg[1]))
            tool_usage_error("%s: not o, d, x or n", optarg);
        if (letter == 'A')
            address_base = optarg[0];
        if ((letter == 'j' && !tool_number(optarg, 0, 1L << 60, &dump.skip)) ||
            (letter == 'N' && !tool_number(optarg, 0, 1L << 60, &dump.limit)))
            tool_usage_error("%s: not a number of bytes", optarg);
    }
    if (!format_count)
        format_add("o2");
    gaps_find();
    dump.row_print = row_print;
    tool_each_file(argc, argv, dump_file);
    dump_finish();
    if (address_base != 'n') {
        address_print();
        putchar('\n');
    }
    return tool_status();
}
