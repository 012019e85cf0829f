// SPDX-License-Identifier: MIT
// Between the parts of diff: two texts as lines, which of them differ, and how that is shown.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct line {
    const char *text;
    size_t length; /* without the newline */
    long class;    /* equal lines have the same */
};

struct text {
    const char *path;
    struct line *lines;
    long count;
    bool *changed; /* of each line: it has no partner in the other text */
    bool open_end; /* the last line has no newline */
    bool binary;   /* there is a NUL in it */
    char *bytes;
};

/* Reads a whole file; NULL is an empty one. False after a complaint. */
bool text_read(struct text *text, const char *path);

void text_free(struct text *text);

/* Numbers the classes of all lines of both. `fold_blanks`: runs of blanks are as good as one. */
void texts_classify(struct text *left, struct text *right, bool fold_blanks);

/* Fills `changed` of both with as few lines as possible. */
void texts_compare(struct text *left, struct text *right);

/* Prints the differences: as ed commands with both sides, or unified with `context` lines. */
void differences_print(const struct text *left, const struct text *right);
void differences_print_unified(const struct text *left, const struct text *right, long context);
