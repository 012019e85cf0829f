// SPDX-License-Identifier: MIT
// hexdump: bytes in hexadecimal. -C: with the characters beside them; -n: only so many bytes; -s:
// skip so many; -v: print lines that repeat the one above, too, instead of a star.
#include <ctype.h>
#include <unistd.h>
#include "dump.h"
#include "tool.h"

static void row_print_words(unsigned char *row, size_t filled)
{
    printf("%07lx", dump.offset);
    for (size_t i = 0; i < filled; i += 2)
        printf(" %04x", row[i] | (i + 1 < filled ? row[i + 1] << 8 : 0));
    putchar('\n');
}

static void row_print_canonical(unsigned char *row, size_t filled)
{
    printf("%08lx", dump.offset);
    for (size_t i = 0; i < DUMP_ROW; i++) {
        fputs(i % 8 == 0 ? "  " : " ", stdout);
        if (i < filled)
            printf("%02x", row[i]);
        else
            fputs("  ", stdout);
    }
    fputs("  |", stdout);
    for (size_t i = 0; i < filled; i++)
        putchar(isprint(row[i]) ? row[i] : '.');
    puts("|");
}

int main(int argc, char **argv)
{
    bool canonical = false;
    tool_begin("hexdump", "[-Cv] [-n BYTES] [-s SKIP] [FILE]...");
    for (int letter; (letter = tool_option(argc, argv, "Cvn:s:")) >= 0;) {
        canonical |= letter == 'C';
        dump.verbose |= letter == 'v';
        if (letter == 'n' && !tool_number(optarg, 0, 1L << 60, &dump.limit))
            tool_usage_error("-n %s: not a number of bytes", optarg);
        if (letter == 's' && !tool_number(optarg, 0, 1L << 60, &dump.skip))
            tool_usage_error("-s %s: not a number of bytes", optarg);
    }
    dump.row_print = canonical ? row_print_canonical : row_print_words;
    tool_each_file(argc, argv, dump_file);
    dump_finish();
    if (dump.offset)
        printf(canonical ? "%08lx\n" : "%07lx\n", dump.offset);
    return tool_status();
}
