// SPDX-License-Identifier: MIT
// The rows of a dump of bytes, over all files together: hexdump and od.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define DUMP_ROW 16

struct dump {
    bool verbose; /* rows that repeat the one above as well, instead of a star */
    long skip;    /* bytes that come before the first row */
    long limit;   /* bytes to be shown; -1: all */
    long offset;  /* of the row that is printed, at the end: behind the last byte */
    /* Prints FILLED bytes of ROW, which has room for DUMP_ROW. */
    void (*row_print)(unsigned char *row, size_t filled);
};

extern struct dump dump;

/* Adds what can be read from FILE; tells of errors with PATH. For tool_each_file. */
void dump_file(int file, const char *path);

/* Prints the row that is not full. */
void dump_finish(void);
