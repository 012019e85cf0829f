// SPDX-License-Identifier: MIT
// hexdump: bytes in hexadecimal. -C: with the characters beside them; -n: only so many bytes; -s:
// skip so many; -v: print lines that repeat the one above, too, instead of a star.
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

#define ROW 16

static bool canonical, verbose;
static long limit = -1, skip, offset;
static unsigned char row[ROW], above[ROW];
static size_t filled;
static bool have_above, starred;

static void row_print_words(void)
{
    printf("%07lx", offset);
    for (size_t i = 0; i < filled; i += 2)
        printf(" %04x", row[i] | (i + 1 < filled ? row[i + 1] << 8 : 0));
    putchar('\n');
}

static void row_print_canonical(void)
{
    printf("%08lx", offset);
    for (size_t i = 0; i < ROW; i++) {
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

static void row_finish(void)
{
    if (filled == 0)
        return;
    if (!verbose && have_above && filled == ROW && memcmp(row, above, ROW) == 0) {
        if (!starred)
            puts("*");
        starred = true;
    } else {
        starred = false;
        (canonical ? row_print_canonical : row_print_words)();
        tool_output_check();
    }
    memcpy(above, row, ROW);
    have_above = filled == ROW;
    offset += (long)filled;
    filled = 0;
}

/* One dump goes through all files; skip and limit count over them together. */
static void file_dump(int file, const char *path)
{
    static unsigned char buffer[65536];
    ssize_t length = 1;
    while (limit != 0 && length > 0) {
        size_t room = sizeof buffer;
        if (limit > 0 && (unsigned long)(limit + skip) < room)
            room = (size_t)(limit + skip);
        length = read(file, buffer, room);
        if (length < 0 && errno == EINTR)
            length = 1;
        else if (length < 0)
            tool_error(path);
        else
            for (ssize_t i = 0; i < length && limit != 0; i++) {
                if (skip > 0) {
                    skip--;
                    offset++;
                    continue;
                }
                row[filled++] = buffer[i];
                limit -= limit > 0;
                if (filled == ROW)
                    row_finish();
            }
    }
}

int main(int argc, char **argv)
{
    tool_begin("hexdump", "[-Cv] [-n BYTES] [-s SKIP] [FILE]...");
    for (int letter; (letter = tool_option(argc, argv, "Cvn:s:")) >= 0;) {
        canonical |= letter == 'C';
        verbose |= letter == 'v';
        if (letter == 'n' && !tool_number(optarg, 0, 1L << 60, &limit))
            tool_usage_error("-n %s: not a number of bytes", optarg);
        if (letter == 's' && !tool_number(optarg, 0, 1L << 60, &skip))
            tool_usage_error("-s %s: not a number of bytes", optarg);
    }
    tool_each_file(argc, argv, file_dump);
    row_finish();
    if (offset)
        printf(canonical ? "%08lx\n" : "%07lx\n", offset);
    return tool_status();
}
