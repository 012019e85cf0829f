// SPDX-License-Identifier: MIT
// Between the parts of grep: the options, and the search in one open file.
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include "pattern.h"

extern struct options {
    bool fold_case, inverted, numbered, count_only, names_only, names_without, quiet, recursive;
    bool silent, parts_only;
    enum pattern_extent extent;
    int with_name;      /* -1: where there are several files */
    long before, after; /* lines of context */
    long most;          /* matching lines of each file; -1: all */
} options;

/* One of the patterns that a line may match. Ends the tool where it is none. */
void pattern_add(const char *text, enum pattern_syntax syntax);

/* Prints what is wanted of a file's lines, `path` in front of each where that is not NULL, and
   returns how many matched. */
long stream_search(FILE *stream, const char *path);
