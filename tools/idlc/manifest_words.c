// SPDX-License-Identifier: MIT
#include "manifest_reader.h"

#include <string.h>

static bool word_is_name(const struct word *word)
{
    for (int i = 0; i < word->length; i++) {
        char c = word->text[i];
        if (!(c >= 'a' && c <= 'z') && (i == 0 || (!(c >= '0' && c <= '9') && c != '_')))
            return false;
    }
    return true;
}

bool copy_word(struct manifest_reader *reader, const struct word *word, char *name)
{
    if (word->length > MANIFEST_NAME_MAX) {
        refuse_word(reader, word, "name of %d characters, the core keeps %d, write a shorter one",
                    word->length, MANIFEST_NAME_MAX);
        return false;
    }
    memcpy(name, word->text, (size_t)word->length);
    name[word->length] = '\0';
    return true;
}

bool read_name(struct manifest_reader *reader, const struct word *word, const char *sort,
               char *name)
{
    if (word_is_name(word))
        return copy_word(reader, word, name);
    refuse_word(reader, word,
                "'%.*s' as name of the %s, it becomes part of names in C and on the "
                "command line, write lower case letters, digits and '_', a letter "
                "first",
                word->length, word->text, sort);
    return false;
}

// Decimal, or hexadecimal after 0x. False if it is neither or does not fit into 64 bits.
static bool word_to_number(const struct word *word, uint64_t *number)
{
    bool hexadecimal = word->length > 2 && word->text[0] == '0' && word->text[1] == 'x';
    unsigned base = hexadecimal ? 16 : 10;
    *number = 0;
    for (int i = hexadecimal ? 2 : 0; i < word->length; i++) {
        const char *digits = "0123456789abcdef";
        const char *digit = strchr(digits, word->text[i]);
        unsigned value = digit ? (unsigned)(digit - digits) : base;
        if (value >= base || *number > (UINT64_MAX - value) / base)
            return false;
        *number = *number * base + value;
    }
    return true;
}

bool read_number(struct manifest_reader *reader, const struct word *word, const char *what,
                 uint64_t low, uint64_t high, uint64_t *number)
{
    if (word_to_number(word, number) && *number >= low && *number <= high)
        return true;
    refuse_word(reader, word,
                "'%.*s' for %s, it is out of range or no number, write one from "
                "%llu to %llu",
                word->length, word->text, what, (unsigned long long)low, (unsigned long long)high);
    return false;
}

bool expect_words(struct manifest_reader *reader, unsigned count, const char *form)
{
    const struct words *words = &reader->words;
    if (words->count == count)
        return true;
    if (words->count < count)
        source_refuse(reader->source, words->end,
                      "a word is missing, the line has no meaning "
                      "without it, write '%s'",
                      form);
    else
        refuse_word(reader, &words->list[count],
                    "'%.*s' is too much, the line says all it can "
                    "before it, write '%s'",
                    words->list[count].length, words->list[count].text, form);
    return false;
}

bool load_interface(struct manifest_reader *reader, const struct word *word,
                    struct interface *interface)
{
    char name[DOMAIN_NAME_SIZE], path[4096];
    if (!read_name(reader, word, "interface", name))
        return false;
    snprintf(path, sizeof(path), "%s/%s.idl", reader->interface_folder, name);
    FILE *file = fopen(path, "r");
    if (!file) {
        refuse_word(reader, word,
                    "interface '%s', there is no %s that describes it, write that "
                    "file or the name of one that exists",
                    name, path);
        return false;
    }
    fclose(file);
    // The path must outlive the refusals only, and these are printed at once.
    struct source source;
    if (source_load(&source, path) && interface_parse(interface, &source))
        return true;
    refuse_word(reader, word,
                "interface '%s', its description is refused as said above, correct "
                "that first",
                name);
    return false;
}
