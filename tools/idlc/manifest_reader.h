// SPDX-License-Identifier: MIT
// What the parts of the manifest's parser share: the line at hand and how its words are read. Each
// reading function reports what it refuses and then returns false.
#pragma once

#include "manifest.h"
#include "words.h"

struct manifest_reader {
    struct source *source;
    struct words words; // the line at hand
    struct manifest *manifest;
    const char *interface_folder;
    unsigned seen;        // enum line_once, in manifest_parse.c
    unsigned limits_seen; // bit N: line N of limit_table, in manifest_limits.c
    struct position schema_at, accepts_at, handles_at;
};

#define refuse_word(reader, word, ...) source_refuse((reader)->source, (word)->at, __VA_ARGS__)

// The value as a name: lower case letters, digits, '_'. SORT says of what; NAME has room for
// DOMAIN_NAME_SIZE bytes.
bool read_name(struct manifest_reader *reader, const struct word *word, const char *sort,
               char *name);
bool read_number(struct manifest_reader *reader, const struct word *word, const char *what,
                 uint64_t low, uint64_t high, uint64_t *number);
// Any word that fits into DOMAIN_NAME_SIZE bytes.
bool copy_word(struct manifest_reader *reader, const struct word *word, char *name);
// Whether the line has the number of words that its form asks for; FORM is shown if not.
bool expect_words(struct manifest_reader *reader, unsigned count, const char *form);
// The interface that the word names, read from its IDL file.
bool load_interface(struct manifest_reader *reader, const struct word *word,
                    struct interface *interface);

// The lines `needs`, `limit` and `parameter`.
void read_need(struct manifest_reader *reader);
void read_limit(struct manifest_reader *reader);
void read_parameter(struct manifest_reader *reader);

// Sets every limit to what it is without a line.
void set_usual_limits(struct manifest *manifest);
