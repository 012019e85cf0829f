// SPDX-License-Identifier: MIT
#include "parser.h"

#include <string.h>

void parser_next(struct parser *parser)
{
    parser->after = parser->token.end;
    parser->token = lexer_next(&parser->lexer);
}

bool parser_take(struct parser *parser, char character)
{
    if (!token_is_character(&parser->token, character))
        return false;
    parser_next(parser);
    return true;
}

bool parser_take_word(struct parser *parser, const char *word)
{
    if (!token_is(&parser->token, word))
        return false;
    parser_next(parser);
    return true;
}

bool parser_expect_word(struct parser *parser, const char *word)
{
    if (parser_take_word(parser, word))
        return true;
    refuse_token(parser,
                 "'%s' expected here, an interface begins with 'interface NAME = NUMBER "
                 "version NUMBER {', write that",
                 word);
    return false;
}

bool parser_expect(struct parser *parser, char character, const char *form)
{
    if (parser_take(parser, character))
        return true;
    if (parser->token.kind != TOKEN_BAD)
        source_refuse(parser->source, parser->after,
                      "missing '%c', the form is %s, put a '%c' here", character, form, character);
    return false;
}

static bool name_is_well_formed(const struct token *token)
{
    for (int i = 0; i < token->length; i++) {
        char c = token->text[i];
        if (!(c >= 'a' && c <= 'z') && (i == 0 || (!(c >= '0' && c <= '9') && c != '_')))
            return false;
    }
    return true;
}

bool parser_read_name(struct parser *parser, const char *sort, char *name)
{
    struct token *token = &parser->token;
    if (token->kind != TOKEN_NAME) {
        refuse_token(parser,
                     "no name for the %s, generated C calls it by name, write one of lower "
                     "case letters, digits and '_'",
                     sort);
        return false;
    }
    if (!name_is_well_formed(token)) {
        refuse_token(parser,
                     "'%.*s' as name of the %s, capitals are kept for the generated macros, "
                     "write lower case letters, digits and '_', a letter first",
                     token->length, token->text, sort);
        return false;
    }
    if (token->length > INTERFACE_NAME_MAX) {
        refuse_token(parser, "name of %d characters, the core keeps %d, write a shorter one",
                     token->length, INTERFACE_NAME_MAX);
        return false;
    }
    memcpy(name, token->text, (size_t)token->length);
    name[token->length] = '\0';
    if (type_find(name, token->length)) {
        refuse_token(parser, "'%s' as name of the %s, it is a type, write another name", name,
                     sort);
        return false;
    }
    if (name_is_reserved(name) || (token->length > 2 && !strcmp(name + token->length - 2, "_t"))) {
        refuse_token(parser, "'%s' as name of the %s, C or its headers use it, write another name",
                     name, sort);
        return false;
    }
    parser_next(parser);
    return true;
}

bool parser_read_number(struct parser *parser, const char *what, unsigned *number)
{
    struct token *token = &parser->token;
    if (token->kind != TOKEN_NUMBER || token->number == 0 || token->number > UINT16_MAX) {
        refuse_token(parser,
                     "'%.*s' is no %s, it is kept in 16 bits and 0 means none, write a "
                     "number from 1 to 65535",
                     token->length, token->text, what);
        return false;
    }
    *number = (unsigned)token->number;
    parser_next(parser);
    return true;
}
