// SPDX-License-Identifier: MIT
// Splits a manifest into lines of words. `#` begins a comment, `:` is a word of its own.
#pragma once

#include "source.h"

enum { WORDS_MAX = 8 }; // no line of a manifest needs as many

struct word {
    const char *text; // in the source
    int length;
    struct position at;
};

struct words {
    struct source *source;
    const char *next;
    unsigned line;
    struct word list[WORDS_MAX];
    unsigned count;
    struct position end; // behind the last word: where something is missing
};

void words_start(struct words *words, struct source *source);

// Reads the next line that has words; false at the end of the file. A line of more than WORDS_MAX
// words is cut there, which leaves more than any line may have.
bool words_next_line(struct words *words);

bool word_is(const struct word *word, const char *text);
