// SPDX-License-Identifier: MIT
// Regular expressions without back references, matched in time proportional to text times pattern.
//
// A pattern is compiled to steps for a machine that follows all ways through it at once (K.
// Thompson, "Regular Expression Search Algorithm", CACM 1968). Basic syntax: . [set] * ^ $ \( \) \|
// \+ \?; extended: the same without the backslashes.
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
