// SPDX-License-Identifier: MIT
// Reads a manifest line by line, and at the end checks what only the whole can show.
#include "manifest_reader.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

// Bits of manifest_reader.seen, for the lines that may come once.
enum line_once {
    LINE_NAME = 1 << 0,
    LINE_VERSION = 1 << 1,
    LINE_INTERFACE = 1 << 2,
    LINE_STATE = 1 << 3,
    LINE_SCHEMA = 1 << 4,
    LINE_ACCEPTS = 1 << 5,
    LINE_SHADOW = 1 << 6,
    LINE_TITLE = 1 << 7,
};

static void read_interface(struct manifest_reader *reader, const struct word *values)
{
    struct manifest *manifest = reader->manifest;
    if (word_is(values, "none"))
        return;
    if (load_interface(reader, values, &manifest->interface))
        memcpy(manifest->interface_name, manifest->interface.name,
               sizeof(manifest->interface_name));
}

static void read_domain_name(struct manifest_reader *reader, const struct word *value)
{
    read_name(reader, value, "domain", reader->manifest->name);
}

static void read_version(struct manifest_reader *reader, const struct word *value)
{
    read_number(reader, value, "the version", 1, UINT16_MAX, &reader->manifest->version);
}

// A name with '-' in it, as devices have them: nothing in C is named after it.
static void read_title(struct manifest_reader *reader, const struct word *value)
{
    for (int i = 0; i < value->length; i++) {
        char c = value->text[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
            refuse_word(reader, value,
                        "title '%.*s', it stands as one word in lines for people, write lower "
                        "case letters, digits, '-' and '_'",
                        value->length, value->text);
            return;
        }
    }
    copy_word(reader, value, reader->manifest->title);
}

static void read_state(struct manifest_reader *reader, const struct word *value)
{
    reader->manifest->stateless = word_is(value, "stateless");
    if (!reader->manifest->stateless && !word_is(value, "quiesced"))
        refuse_word(reader, value,
                    "state '%.*s', an update must know whether there is any to hand "
                    "over, write 'quiesced' or 'stateless'",
                    value->length, value->text);
}

static void read_schema(struct manifest_reader *reader, const struct word *value)
{
    reader->schema_at = value->at;
    read_number(reader, value, "the schema", 1, UINT16_MAX, &reader->manifest->schema);
}

static void read_accepts(struct manifest_reader *reader, const struct word *value)
{
    reader->accepts_at = value->at;
    read_number(reader, value, "the lowest schema accepted", 1, UINT16_MAX,
                &reader->manifest->accepts);
}

static void read_shadow(struct manifest_reader *reader, const struct word *value)
{
    reader->manifest->shadow = word_is(value, "yes");
    if (!reader->manifest->shadow && !word_is(value, "no"))
        refuse_word(reader, value,
                    "shadow '%.*s', a service has one or has not, write 'yes' or "
                    "'no'",
                    value->length, value->text);
}

static const struct {
    const char *word;
    enum line_once once;
    const char *form;
    void (*read)(struct manifest_reader *reader, const struct word *value);
} once_table[] = {
    {"name", LINE_NAME, "name NAME", read_domain_name},
    {"version", LINE_VERSION, "version NUMBER", read_version},
    {"interface", LINE_INTERFACE, "interface NAME", read_interface},
    {"state", LINE_STATE, "state quiesced", read_state},
    {"schema", LINE_SCHEMA, "schema NUMBER", read_schema},
    {"accepts", LINE_ACCEPTS, "accepts NUMBER", read_accepts},
    {"shadow", LINE_SHADOW, "shadow yes", read_shadow},
    {"title", LINE_TITLE, "title NAME", read_title},
};

static bool read_line_once(struct manifest_reader *reader)
{
    const struct word *words = reader->words.list;
    for (size_t i = 0; i < LENGTH(once_table); i++) {
        if (!word_is(&words[0], once_table[i].word))
            continue;
        if (reader->seen & once_table[i].once)
            refuse_word(reader, &words[0],
                        "second line '%s', one of them would be ignored, remove "
                        "it",
                        once_table[i].word);
        else if (expect_words(reader, 2, once_table[i].form))
            once_table[i].read(reader, &words[1]);
        reader->seen |= once_table[i].once;
        return true;
    }
    return false;
}

static void read_line(struct manifest_reader *reader)
{
    const struct word *first = &reader->words.list[0];
    if (read_line_once(reader))
        return;
    if (word_is(first, "needs"))
        read_need(reader);
    else if (word_is(first, "limit"))
        read_limit(reader);
    else if (word_is(first, "parameter"))
        read_parameter(reader);
    else
        refuse_word(reader, first,
                    "'%.*s' begins no line of a manifest, it would be ignored, "
                    "write name, title, version, interface, state, schema, accepts, needs, "
                    "limit, parameter or shadow",
                    first->length, first->text);
}

static void check_whole(struct manifest_reader *reader)
{
    struct manifest *manifest = reader->manifest;
    struct position end = {reader->words.line + 1, 1};
    for (size_t i = 0; i < LENGTH(once_table); i++)
        if (once_table[i].once <= LINE_STATE && !(reader->seen & once_table[i].once))
            source_refuse(reader->source, end,
                          "no line '%s', the core must know it, write such as "
                          "'%s'",
                          once_table[i].word, once_table[i].form);
    if (manifest->stateless && (reader->seen & LINE_SCHEMA))
        source_refuse(reader->source, reader->schema_at,
                      "schema of a stateless domain, it hands "
                      "over nothing, write 'state quiesced' or remove the line");
    if (!manifest->title[0])
        strcpy(manifest->title,
               manifest->interface_name[0] ? manifest->interface_name : manifest->name);
    if (!manifest->accepts)
        manifest->accepts = manifest->schema;
    if (manifest->accepts > manifest->schema)
        source_refuse(reader->source, reader->accepts_at,
                      "accepts above the schema written, a "
                      "domain must read what it writes, write a 'schema' of at least that number");
    if (manifest->limits.handles < manifest->need_count)
        source_refuse(reader->source, reader->handles_at,
                      "limit of %u handles, the needs alone "
                      "are %u, write a higher limit",
                      manifest->limits.handles, manifest->need_count);
}

bool manifest_parse(struct manifest *manifest, struct source *source, const char *folder)
{
    struct manifest_reader reader = {
        .source = source, .manifest = manifest, .interface_folder = folder};
    *manifest = (struct manifest){0};
    set_usual_limits(manifest);
    words_start(&reader.words, source);
    while (words_next_line(&reader.words))
        read_line(&reader);
    check_whole(&reader);
    return source->errors == 0;
}
