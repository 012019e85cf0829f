// SPDX-License-Identifier: MIT
// Methods: arguments, result, attributes, and what must hold between them.
#include "parser.h"

#include <string.h>

// ---- Arguments and results ----

static void refuse_pointer(struct parser *parser)
{
    refuse_token(parser, "pointer, an address means nothing in another domain, write 'borrow name' "
                         "to lend a buffer or 'rref name' to give it away");
}

static const struct type *parser_read_type(struct parser *parser)
{
    struct token *token = &parser->token;
    if (token->kind == TOKEN_ELLIPSIS) {
        refuse_token(parser, "'...', the proxy must know every argument, write each with its type");
        return NULL;
    }
    if (token_is_character(token, '*') || token_is_character(token, '&')) {
        refuse_pointer(parser);
        return NULL;
    }
    if (token->kind != TOKEN_NAME) {
        refuse_token(parser, "no type, every argument and result has one, write one of u8 u16 u32 "
                             "u64 i8 i16 i32 i64 bool rref borrow handle");
        return NULL;
    }
    const struct type *type = type_find(token->text, token->length);
    struct token name = *token;
    if (type)
        parser_next(parser);
    struct lexer ahead = parser->lexer;
    struct token follower = type ? *token : lexer_next(&ahead);
    if (token_is_character(&follower, '*') || token_is_character(&follower, '&')) {
        parser->token = follower;
        refuse_pointer(parser);
        return NULL;
    }
    if (!type)
        source_refuse(parser->source, name.at, "type '%.*s', %s", name.length, name.text,
                      type_advice(name.text, name.length));
    return type;
}

static void method_check_objects(struct parser *parser, const struct method *method,
                                 struct position at)
{
    unsigned objects = 0;
    for (unsigned i = 0; i < method->argument_count; i++)
        objects += method->arguments[i].type->kind != TYPE_INTEGER;
    if (objects == METHOD_OBJECTS_MAX + 1 &&
        method->arguments[method->argument_count - 1].type->kind != TYPE_INTEGER)
        source_refuse(parser->source, at,
                      "more than %d arguments of type rref, borrow or handle, "
                      "a continuation frame records no more, put the data into one RRef",
                      METHOD_OBJECTS_MAX);
}

static bool method_has_argument(const struct method *method, const char *name)
{
    for (unsigned i = 0; i < method->argument_count; i++)
        if (strcmp(method->arguments[i].name, name) == 0)
            return true;
    return false;
}

static bool parser_read_argument(struct parser *parser, struct method *method)
{
    struct position at = parser->token.at;
    if (method->argument_count == METHOD_ARGUMENTS_MAX) {
        refuse_token(parser,
                     "more than %d arguments, that is how many registers a call has, put "
                     "the rest into an RRef",
                     METHOD_ARGUMENTS_MAX);
        return false;
    }
    struct argument argument = {.type = parser_read_type(parser)};
    if (!argument.type)
        return false;
    struct position name_at = parser->token.at;
    if (!parser_read_name(parser, "argument", argument.name))
        return false;
    if (token_is_character(&parser->token, '[')) {
        refuse_token(parser, "array, a call carries registers only, put it into an RRef ('borrow "
                             "name') and pass its length as u32");
        return false;
    }
    if (method_has_argument(method, argument.name))
        source_refuse(parser->source, name_at,
                      "second argument '%s', each is called by its name, "
                      "write another name",
                      argument.name);
    method->arguments[method->argument_count++] = argument;
    method_check_objects(parser, method, at);
    return true;
}

static bool parser_read_arguments(struct parser *parser, struct method *method)
{
    if (!parser_expect(parser, '(', "NAME(TYPE NAME, ...) -> TYPE;"))
        return false;
    if (parser_take(parser, ')'))
        return true;
    do {
        if (!parser_read_argument(parser, method))
            return false;
    } while (parser_take(parser, ','));
    return parser_expect(parser, ')', "NAME(TYPE NAME, ...) -> TYPE;");
}

static bool parser_read_result(struct parser *parser, struct method *method)
{
    if (parser->token.kind != TOKEN_ARROW)
        return true;
    parser_next(parser);
    struct position at = parser->token.at;
    method->result = parser_read_type(parser);
    if (method->result && method->result->kind == TYPE_BORROW) {
        source_refuse(parser->source, at,
                      "borrow as a result, a loan ends when its call does, "
                      "write 'rref' to give the buffer away");
        return false;
    }
    return method->result != NULL;
}

// ---- Attributes ----

static bool parser_read_timeout(struct parser *parser, struct method *method)
{
    struct token number = parser->token;
    if (number.kind != TOKEN_NUMBER) {
        refuse_token(parser, "timeout without a number, it limits how long a call may wait, write "
                             "such as 'timeout 500 ms'");
        return false;
    }
    parser_next(parser);
    uint64_t scale = parser_take_word(parser, "ms") ? 1 : parser_take_word(parser, "s") ? 1000 : 0;
    if (!scale) {
        refuse_token(parser, "timeout without a unit, a bare number can be misread, write 'ms' or "
                             "'s' after it");
        return false;
    }
    uint64_t limit = METHOD_TIMEOUT_MAX_MS / scale;
    if (number.number == 0 || number.number > limit) {
        source_refuse(parser->source, number.at,
                      "timeout of %.*s, a call needs some time and "
                      "nobody waits longer than 60 s, write 1 ms to 60 s or the word 'blocking'",
                      number.length, number.text);
        return false;
    }
    method->timeout_ms = (unsigned)(number.number * scale);
    return true;
}

// An attribute may stand on a line of its own; any other word there begins the next method, and
// what is missing is the `;`.
static bool parser_at_attribute(const struct parser *parser)
{
    const struct token *token = &parser->token;
    return token_is(token, "idempotent") || token_is(token, "blocking") ||
           token_is(token, "timeout") ||
           (token->kind == TOKEN_NAME && token->at.line == parser->after.line);
}

static bool parser_read_attribute(struct parser *parser, struct method *method)
{
    struct token word = parser->token;
    parser_next(parser);
    bool again = false, good = true;
    if (token_is(&word, "idempotent")) {
        again = method->idempotent;
        method->idempotent = true;
    } else if (token_is(&word, "blocking")) {
        again = method->blocking;
        method->blocking = true;
    } else if (token_is(&word, "timeout")) {
        again = method->timeout_ms != 0;
        good = parser_read_timeout(parser, method);
    } else {
        source_refuse(parser->source, word.at,
                      "'%.*s' is no attribute, a method has 'idempotent', "
                      "'timeout N ms' and 'blocking', write one of these or a ';' before it",
                      word.length, word.text);
        return false;
    }
    if (again)
        source_refuse(parser->source, word.at, "'%.*s' twice, once says it, remove one",
                      word.length, word.text);
    if (good && method->blocking && method->timeout_ms)
        source_refuse(parser->source, word.at,
                      "both 'blocking' and 'timeout', the one lifts the "
                      "limit that the other sets, remove one");
    return good;
}

// ---- Methods ----

static void method_check(struct parser *parser, const struct method *method)
{
    const struct interface *interface = parser->interface;
    for (unsigned i = 0; i < interface->method_count; i++)
        if (strcmp(interface->methods[i].name, method->name) == 0)
            source_refuse(parser->source, method->at,
                          "second method '%s', the first is in line %u, "
                          "write another name",
                          method->name, interface->methods[i].at.line);
    static const char *const taken[] = {"interface", "interface_version", "interface_hash",
                                        "method_count"};
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (strcmp(method->name, taken[i]) == 0)
            source_refuse(parser->source, method->at,
                          "'%s' as name of the method, the generated "
                          "header has a macro of that name, write another name",
                          method->name);
    if (strncmp(method->name, "do_", 3) == 0)
        source_refuse(parser->source, method->at,
                      "'%s' as name of the method, 'do_' begins the "
                      "server's functions, write another name",
                      method->name);
    for (unsigned i = 0; method->idempotent && i < method->argument_count; i++)
        if (method->arguments[i].type->kind == TYPE_RREF)
            source_refuse(parser->source, method->at,
                          "idempotent method that takes '%s' as rref, "
                          "after a crash the buffer is gone and the call cannot be repeated, write "
                          "'borrow %s' or drop 'idempotent'",
                          method->arguments[i].name, method->arguments[i].name);
}

static bool parser_read_method(struct parser *parser, struct method *method)
{
    method->at = parser->token.at;
    method->documentation = parser->token.documentation;
    method->documentation_lines = parser->token.documentation_lines;
    if (!parser_read_name(parser, "method", method->name) ||
        !parser_read_arguments(parser, method) || !parser_read_result(parser, method))
        return false;
    while (parser_at_attribute(parser))
        if (!parser_read_attribute(parser, method))
            return false;
    if (token_is_character(&parser->token, '[')) {
        refuse_token(parser,
                     "array, a call carries registers only, return an 'rref' that holds it");
        return false;
    }
    return true;
}

// Skips what is left of a method: to behind its `;`, or to the `}` of the interface.
static void parser_skip_method(struct parser *parser)
{
    unsigned depth = 0;
    while (parser->token.kind != TOKEN_END) {
        if (token_is_character(&parser->token, '{'))
            depth++;
        if (token_is_character(&parser->token, '}') && depth-- == 0)
            return;
        if (token_is_character(&parser->token, ';') && depth == 0)
            break;
        parser_next(parser);
    }
    parser_take(parser, ';');
}

void parser_read_methods(struct parser *parser)
{
    struct interface *interface = parser->interface;
    while (parser->token.kind != TOKEN_END && !token_is_character(&parser->token, '}')) {
        if (interface->method_count == INTERFACE_METHODS_MAX) {
            refuse_token(parser,
                         "more than %d methods, that is what a method table holds, split "
                         "the interface in two",
                         INTERFACE_METHODS_MAX);
            return;
        }
        struct method *method = &interface->methods[interface->method_count];
        *method = (struct method){0};
        if (!parser_read_method(parser, method)) {
            parser_skip_method(parser);
            continue;
        }
        method_check(parser, method);
        interface->method_count++;
        // A missing `;` needs no skipping: the next method most likely begins right here.
        parser_expect(parser, ';', "NAME(TYPE NAME, ...) -> TYPE;");
    }
}
