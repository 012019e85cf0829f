// SPDX-License-Identifier: MIT
#include "dump.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

struct dump dump = {.limit = -1};

static unsigned char row[DUMP_ROW], above[DUMP_ROW];
static size_t filled;
static bool have_above, starred;

void dump_finish(void)
{
    if (filled == 0)
        return;
    bool repeats =
        !dump.verbose && have_above && filled == DUMP_ROW && memcmp(row, above, DUMP_ROW) == 0;
    if (!repeats) {
        dump.row_print(row, filled);
        tool_output_check();
    } else if (!starred) {
        puts("*");
    }
    starred = repeats;
    memcpy(above, row, DUMP_ROW);
    have_above = filled == DUMP_ROW;
    dump.offset += (long)filled;
    filled = 0;
}

static void byte_add(unsigned char byte)
{
    if (dump.skip > 0) {
        dump.skip--;
        dump.offset++;
        return;
    }
    row[filled++] = byte;
    dump.limit -= dump.limit > 0;
    if (filled == DUMP_ROW)
        dump_finish();
}

void dump_file(int file, const char *path)
{
    static unsigned char buffer[65536];
    ssize_t length = 1;
    while (dump.limit != 0 && length > 0) {
        size_t room = sizeof buffer;
        if (dump.limit > 0 && (unsigned long)(dump.limit + dump.skip) < room)
            room = (size_t)(dump.limit + dump.skip);
        length = read(file, buffer, room);
        if (length < 0 && errno == EINTR) {
            length = 1;
            continue;
        }
        if (length < 0)
            tool_error(path);
        for (ssize_t i = 0; i < length && dump.limit != 0; i++)
            byte_add(buffer[i]);
    }
}
