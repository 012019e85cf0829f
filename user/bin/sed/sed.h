// SPDX-License-Identifier: MIT
// Between the parts of sed: a script as it is read, and the machine that puts lines through it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "pattern.h"

enum address_kind { ADDRESS_NONE, ADDRESS_LINE, ADDRESS_LAST, ADDRESS_PATTERN };

struct address {
    enum address_kind kind;
    long line;
    struct pattern *pattern; /* NULL: the one that was used last */
};

struct command {
    struct address from, to;
    bool inverted;
    bool in_range; /* the line before was in the range, and not its end */
    char name;     /* the letter */
    char *text;    /* of a, i, c, s (what comes instead), b, t, : (a label) */
    struct pattern *pattern;
    bool all, print;      /* flags of s */
    long which;           /* of s: from which match on, 1 if nothing is said */
    size_t target;        /* of { b t: which command comes next */
    unsigned char *table; /* of y: what becomes of each byte */
};

struct script {
    struct command *commands;
    size_t count;
};

/* Adds the commands in `text`. Ends the tool with a usage error where they are none. */
void script_add(struct script *script, const char *text, bool extended);

/* All commands are there: finds the targets of braces and labels. */
void script_finish(struct script *script);

/* Puts the lines of the files through the script and prints what becomes of them, `quiet`: only
   what commands print. */
void script_run(struct script *script, int count, char **paths, bool quiet);
