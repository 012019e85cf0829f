// SPDX-License-Identifier: MIT
// Regular expressions without back references, matched in time proportional to text times pattern.
//
// A pattern is compiled to steps for a machine that follows all ways through it at once (K.
// Thompson, "Regular Expression Search Algorithm", CACM 1968). Basic syntax: . [set] * ^ $ \( \) \|
// \+ \? \{N,M\}; extended: the same without the backslashes.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct pattern;

enum pattern_syntax { PATTERN_FIXED, PATTERN_BASIC, PATTERN_EXTENDED };

/* The compiled form of `text`, or NULL with *reason saying what is wrong with it. */
struct pattern *pattern_compile(const char *text, enum pattern_syntax syntax, bool fold_case,
                                const char **reason);

/* True if the pattern matches anywhere in the line. */
bool pattern_find(struct pattern *pattern, const char *line, size_t length);

enum pattern_extent {
    PATTERN_ANY,
    PATTERN_WORD, /* neither letter, digit nor _ before and behind */
    PATTERN_LINE, /* all of the line */
};

/* Finds the first match that begins at byte `from` or later, and the longest of those: bytes
   [*start, *end), which may be none. Takes time as the text times the distance to its end: for
   where pattern_find() has said that there is something. */
bool pattern_match(struct pattern *pattern, const char *line, size_t length,
                   enum pattern_extent extent, size_t from, size_t *start, size_t *end);

#define PATTERN_PLACES 20 /* of the whole and of nine groups: where each begins, where it ends */

/* Where the groups of a match that pattern_match() has found lie, as byte numbers of the line; -1:
   a group that is no part of it. False: there is not enough memory, or no such match. */
bool pattern_groups(struct pattern *pattern, const char *line, size_t length, size_t start,
                    size_t end, long places[PATTERN_PLACES]);
