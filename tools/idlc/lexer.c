// SPDX-License-Identifier: MIT
#include "lexer.h"

#include <ctype.h>
#include <string.h>

// The comment block seen last: it documents the token that starts on the line after it.
struct comment_block {
    const char *text;
    unsigned lines;
    unsigned last_line;
};

void lexer_start(struct lexer *lexer, struct source *source)
{
    *lexer = (struct lexer){.source = source, .next = source->text, .at = {1, 1}};
}

static void lexer_advance(struct lexer *lexer)
{
    lexer->at.column++;
    if (*lexer->next++ == '\n')
        lexer->at = (struct position){lexer->at.line + 1, 1};
}

// True if only blanks precede the current place on its line.
static bool lexer_starts_line(const struct lexer *lexer)
{
    const char *here = lexer->next;
    while (here > lexer->source->text && (here[-1] == ' ' || here[-1] == '\t'))
        here--;
    return here == lexer->source->text || here[-1] == '\n';
}

// A generated header carries the comment: there a backslash at the end would swallow the next line.
static void lexer_check_comment(struct lexer *lexer, const char *start, struct position at)
{
    const char *end = lexer->next;
    bool trigraph = end - start >= 3 && memcmp(end - 3, "?\?/", 3) == 0;
    if (end[-1] == '\\' || trigraph)
        source_refuse(lexer->source, at,
                      "comment that ends in a backslash, in the generated C it "
                      "would swallow the next line, end it with another "
                      "character");
}

static void lexer_skip_line_comment(struct lexer *lexer, struct comment_block *block)
{
    const char *start = lexer->next;
    struct position at = lexer->at;
    bool alone = lexer_starts_line(lexer);
    while (*lexer->next && *lexer->next != '\n')
        lexer_advance(lexer);
    lexer_check_comment(lexer, start, at);
    if (!alone)
        return;
    if (block->lines && block->last_line + 1 == at.line)
        block->lines++;
    else
        *block = (struct comment_block){.text = start, .lines = 1};
    block->last_line = at.line;
}

static void lexer_skip_block_comment(struct lexer *lexer)
{
    struct position at = lexer->at;
    const char *end = strstr(lexer->next + 2, "*/");
    if (!end) {
        source_refuse(lexer->source, at,
                      "comment without an end, the rest of the file would be "
                      "ignored, close it with '*/'");
        end = lexer->source->text + lexer->source->length;
    } else {
        end += 2;
    }
    while (lexer->next < end)
        lexer_advance(lexer);
}

static void lexer_skip_blanks(struct lexer *lexer, struct comment_block *block)
{
    for (;;) {
        if (*lexer->next == ' ' || *lexer->next == '\t' || *lexer->next == '\n')
            lexer_advance(lexer);
        else if (strncmp(lexer->next, "//", 2) == 0)
            lexer_skip_line_comment(lexer, block);
        else if (strncmp(lexer->next, "/*", 2) == 0)
            lexer_skip_block_comment(lexer);
        else
            return;
    }
}

static bool is_word(char character)
{
    return isalnum((unsigned char)character) || character == '_';
}

static void lexer_take_number(struct lexer *lexer, struct token *token)
{
    token->kind = TOKEN_NUMBER;
    bool digits = true;
    for (; is_word(*lexer->next); lexer_advance(lexer)) {
        unsigned digit = (unsigned)*lexer->next - '0';
        digits = digits && digit <= 9;
        if (token->number > (UINT64_MAX - digit) / 10)
            token->number = UINT64_MAX;
        else
            token->number = token->number * 10 + digit;
    }
    if (!digits) {
        token->kind = TOKEN_BAD;
        source_refuse(lexer->source, token->at,
                      "'%.*s' is not a number, numbers are decimal, "
                      "write digits alone and begin names with a letter",
                      (int)(lexer->next - token->text), token->text);
    }
}

static void lexer_take_character(struct lexer *lexer, struct token *token)
{
    token->kind = TOKEN_CHARACTER;
    token->character = *lexer->next;
    int length = 1;
    if (strncmp(lexer->next, "->", 2) == 0) {
        token->kind = TOKEN_ARROW;
        length = 2;
    } else if (strncmp(lexer->next, "...", 3) == 0) {
        token->kind = TOKEN_ELLIPSIS;
        length = 3;
    } else if (!strchr("={}(),;*[]&:", *lexer->next)) {
        token->kind = TOKEN_BAD;
        source_refuse(lexer->source, token->at,
                      *lexer->next < 0 ? "unexpected byte 0x%02x, outside of comments there is "
                                         "ASCII alone, remove it"
                                       : "unexpected character '%c', it has no meaning in an "
                                         "interface, remove it",
                      (unsigned char)*lexer->next);
    }
    while (length--)
        lexer_advance(lexer);
}

struct token lexer_next(struct lexer *lexer)
{
    struct comment_block block = {0};
    lexer_skip_blanks(lexer, &block);
    struct token token = {.at = lexer->at, .text = lexer->next};
    if (block.lines && block.last_line + 1 == token.at.line) {
        token.documentation = block.text;
        token.documentation_lines = block.lines;
    }
    if (isdigit((unsigned char)*lexer->next))
        lexer_take_number(lexer, &token);
    else if (is_word(*lexer->next))
        for (token.kind = TOKEN_NAME; is_word(*lexer->next);)
            lexer_advance(lexer);
    else if (*lexer->next)
        lexer_take_character(lexer, &token);
    token.length = (int)(lexer->next - token.text);
    token.end = lexer->at;
    return token;
}

bool token_is(const struct token *token, const char *name)
{
    return token->kind == TOKEN_NAME && strlen(name) == (size_t)token->length &&
           memcmp(name, token->text, (size_t)token->length) == 0;
}

bool token_is_character(const struct token *token, char character)
{
    return token->kind == TOKEN_CHARACTER && token->character == character;
}
