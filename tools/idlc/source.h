// SPDX-License-Identifier: MIT
// The text being compiled, and the refusals it earns. A refusal is one line,
// `file:line:column: what, why, what to write instead`; the compiler writes no file if there was
// any. Everything read lives until the program ends.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
    SOURCE_BYTES_MAX = 64 * 1024, // a description is read by people: larger is a mistake
    SOURCE_ERRORS_MAX = 20,       // further refusals would only be echoes of the first ones
};

struct position {
    unsigned line;   // from 1
    unsigned column; // from 1, in bytes
};

struct source {
    const char *path;
    char *text;    // terminated by NUL, holds no other
    size_t length; // without that NUL
    unsigned errors;
};

// Reads the file and refuses what no text file holds: NUL bytes, other control characters,
// carriage returns, more than SOURCE_BYTES_MAX bytes. Returns false if it cannot be used; what is
// wrong has been reported.
bool source_load(struct source *source, const char *path);

// Reports one refusal at a place. Silent after SOURCE_ERRORS_MAX of them.
void source_refuse(struct source *source, struct position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// The file's name without folders and without its suffix, copied into `stem`.
void source_stem(const struct source *source, char *stem, size_t size);
