// SPDX-License-Identifier: MIT
// What a domain may use at most, and the numbers that its own code is built with.
#include "manifest_reader.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *name;
    uint32_t low, high, usual;
    size_t offset; // in struct domain_limits
    bool time;
} limit_table[] = {
    {"pages", 16, 262144, 1024, offsetof(struct domain_limits, pages), false},
    {"rrefs", 0, 65535, 256, offsetof(struct domain_limits, rrefs), false},
    {"shared", 0, 262143, 1024, offsetof(struct domain_limits, shared_pages), false},
    {"threads", 0, 512, 8, offsetof(struct domain_limits, threads), false},
    {"events", 0, 4096, 64, offsetof(struct domain_limits, events), false},
    {"handles", 1, 1024, 64, offsetof(struct domain_limits, handles), false},
    {"budget", 1, 60000, 200, offsetof(struct domain_limits, budget_ms), true},
    {"wait", 1, 60000, 2000, offsetof(struct domain_limits, wait_ms), true},
};

static uint32_t *limit_field(struct manifest *manifest, size_t limit)
{
    return (uint32_t *)((char *)&manifest->limits + limit_table[limit].offset);
}

void set_usual_limits(struct manifest *manifest)
{
    for (size_t i = 0; i < LENGTH(limit_table); i++)
        *limit_field(manifest, i) = limit_table[i].usual;
}

static void read_limit_value(struct manifest_reader *reader, size_t limit)
{
    const struct word *words = reader->words.list;
    bool time = limit_table[limit].time;
    if (!expect_words(reader, time ? 4 : 3, time ? "limit NAME NUMBER ms" : "limit NAME NUMBER"))
        return;
    if (time && !word_is(&words[3], "ms")) {
        refuse_word(reader, &words[3],
                    "'%.*s' as unit, limits of time are in milliseconds, write "
                    "'ms'",
                    words[3].length, words[3].text);
        return;
    }
    uint64_t value;
    if (!read_number(reader, &words[2], "this limit", limit_table[limit].low,
                     limit_table[limit].high, &value))
        return;
    if (reader->limits_seen & 1u << limit)
        refuse_word(reader, &words[1],
                    "second limit for '%s', one of them would be ignored, "
                    "remove it",
                    limit_table[limit].name);
    if (strcmp(limit_table[limit].name, "handles") == 0)
        reader->handles_at = words[2].at;
    reader->limits_seen |= 1u << limit;
    *limit_field(reader->manifest, limit) = (uint32_t)value;
}

void read_limit(struct manifest_reader *reader)
{
    const struct word *words = reader->words.list;
    for (size_t i = 0; reader->words.count > 1 && i < LENGTH(limit_table); i++)
        if (word_is(&words[1], limit_table[i].name)) {
            read_limit_value(reader, i);
            return;
        }
    refuse_word(reader, &words[reader->words.count > 1],
                "limit that the core does not know, it "
                "could not be kept, write one of pages, rrefs, shared, threads, events, handles, "
                "budget, wait after 'limit'");
}

void read_parameter(struct manifest_reader *reader)
{
    struct manifest *manifest = reader->manifest;
    const struct word *words = reader->words.list;
    struct manifest_parameter parameter;
    if (!expect_words(reader, 3, "parameter NAME NUMBER") ||
        !read_name(reader, &words[1], "parameter", parameter.name) ||
        !read_number(reader, &words[2], "this parameter", 0, UINT64_MAX, &parameter.value))
        return;
    for (unsigned i = 0; i < manifest->parameter_count; i++)
        if (strcmp(manifest->parameters[i].name, parameter.name) == 0) {
            refuse_word(reader, &words[1],
                        "second parameter '%s', it names one constant in C, "
                        "remove it or write another name",
                        parameter.name);
            return;
        }
    if (manifest->parameter_count == MANIFEST_PARAMETERS_MAX) {
        refuse_word(reader, &words[0],
                    "more than %d parameters, that many belong into a header "
                    "file, write them there",
                    MANIFEST_PARAMETERS_MAX);
        return;
    }
    manifest->parameters[manifest->parameter_count++] = parameter;
}
