// SPDX-License-Identifier: MIT
// Splits an IDL file into tokens. Comments are `//` to the end of the line and `/* */`; the `//`
// lines that stand alone right above a token are its documentation.
#pragma once

#include "source.h"

#include <stdint.h>

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_NUMBER,
    TOKEN_ARROW,     // ->
    TOKEN_ELLIPSIS,  // ...
    TOKEN_CHARACTER, // any other single character, in `character`
    TOKEN_BAD,       // already reported
};

struct token {
    enum token_kind kind;
    struct position at;
    struct position end; // just behind the last character
    const char *text;    // in the source
    int length;
    char character;
    uint64_t number; // UINT64_MAX if it does not fit
    // Documentation: first and last line of the comment block, 0 if there is none.
    const char *documentation;
    unsigned documentation_lines;
};

struct lexer {
    struct source *source;
    const char *next;
    struct position at;
};

void lexer_start(struct lexer *lexer, struct source *source);
struct token lexer_next(struct lexer *lexer);
bool token_is(const struct token *token, const char *name);
bool token_is_character(const struct token *token, char character);
