// SPDX-License-Identifier: MIT
// Recursive descent over the tokens of one IDL file. What cannot be read is refused at the present
// token, or right behind the one before it where something is missing; the reading functions then
// return false and leave it to their caller where to go on.
#pragma once

#include "interface.h"
#include "lexer.h"

struct parser {
    struct source *source;
    struct lexer lexer;
    struct token token;    // the one to look at
    struct position after; // end of the token before it
    struct interface *interface;
};

// A refusal at the present token. A bad token has been reported by the lexer.
#define refuse_token(parser, ...)                                                                  \
    ((parser)->token.kind == TOKEN_BAD                                                             \
         ? (void)0                                                                                 \
         : source_refuse((parser)->source, (parser)->token.at, __VA_ARGS__))

void parser_next(struct parser *parser);

// Steps over the present token if it is this one.
bool parser_take(struct parser *parser, char character);
bool parser_take_word(struct parser *parser, const char *word);

// The same, and a refusal if it is not; FORM shows how it should look.
bool parser_expect(struct parser *parser, char character, const char *form);
bool parser_expect_word(struct parser *parser, const char *word);

// Checks the present token as the name of an interface, method or argument (SORT) and copies it;
// NAME has room for INTERFACE_NAME_MAX characters and a NUL.
bool parser_read_name(struct parser *parser, const char *sort, char *name);
bool parser_read_number(struct parser *parser, const char *what, unsigned *number);

// All methods up to the closing brace. After a refusal it goes on behind the next `;`, so that one
// run shows every method that is wrong.
void parser_read_methods(struct parser *parser);
