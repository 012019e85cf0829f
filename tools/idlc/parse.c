// SPDX-License-Identifier: MIT
// The interface as a whole: its heading, its methods, and nothing behind it.
#include "parser.h"

#include <string.h>

static bool parser_read_heading(struct parser *parser)
{
    struct interface *interface = parser->interface;
    const char *form = "interface NAME = NUMBER version NUMBER {";
    interface->documentation = parser->token.documentation;
    interface->documentation_lines = parser->token.documentation_lines;
    if (!parser_expect_word(parser, "interface"))
        return false;
    struct position at = parser->token.at;
    if (!parser_read_name(parser, "interface", interface->name))
        return false;
    if (strcmp(interface->name, "none") == 0)
        source_refuse(parser->source, at,
                      "'none' as name of the interface, in a manifest it says that there is none, "
                      "write another name");
    char stem[256];
    source_stem(parser->source, stem, sizeof(stem));
    if (strcmp(stem, interface->name) != 0)
        source_refuse(parser->source, at,
                      "interface '%s' in a file of another name, it is looked "
                      "for by name, call the file %s.idl",
                      interface->name, interface->name);
    return parser_expect(parser, '=', form) &&
           parser_read_number(parser, "interface number", &interface->number) &&
           parser_expect_word(parser, "version") &&
           parser_read_number(parser, "version number", &interface->version) &&
           parser_expect(parser, '{', form);
}

bool interface_parse(struct interface *interface, struct source *source)
{
    *interface = (struct interface){0};
    struct parser parser = {.source = source, .interface = interface};
    lexer_start(&parser.lexer, source);
    parser_next(&parser);
    if (!parser_read_heading(&parser))
        return false;
    parser_read_methods(&parser);
    if (source->errors)
        return false;
    struct position end = parser.token.at;
    if (!parser_expect(&parser, '}', "interface NAME = NUMBER version NUMBER { METHODS }"))
        return false;
    if (interface->method_count == 0)
        source_refuse(source, end,
                      "interface without methods, there would be nothing to call, "
                      "write at least one");
    if (parser.token.kind != TOKEN_END)
        refuse_token(&parser, "text behind the interface, a file holds one, remove it or put it "
                              "into a file of its own");
    interface->hash = interface_hash(interface);
    return source->errors == 0;
}
