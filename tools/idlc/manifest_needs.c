// SPDX-License-Identifier: MIT
// The handles that a domain holds from the start.
#include "manifest_reader.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

// Compatible strings of a device tree: `ns16550a`, `google,goldfish-rtc`.
static bool word_is_compatible(const struct word *word)
{
    for (int i = 0; i < word->length; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._-+",
                    word->text[i]))
            return false;
    return true;
}

static bool read_service_need(struct manifest_reader *reader, const struct word *words,
                              struct manifest_need *need)
{
    static struct interface interface;
    if (!read_name(reader, &words[0], "service", need->name))
        return false;
    if (!word_is(&words[1], ":")) {
        refuse_word(reader, &words[1],
                    "'%.*s' instead of ':', the interface must be said, write "
                    "'needs service NAME : INTERFACE as HANDLE'",
                    words[1].length, words[1].text);
        return false;
    }
    if (!load_interface(reader, &words[2], &interface))
        return false;
    memcpy(need->interface_name, interface.name, sizeof(need->interface_name));
    return true;
}

static bool read_device_need(struct manifest_reader *reader, const struct word *words,
                             unsigned count, struct manifest_need *need)
{
    bool virtio = word_is(&words[0], "virtio");
    if (virtio != (count == 2)) {
        refuse_word(reader, &words[0],
                    "device '%.*s', the core finds virtio devices by their "
                    "number and others by the compatible string alone, write 'needs device virtio "
                    "2 as disk' or 'needs device ns16550a as uart'",
                    words[0].length, words[0].text);
        return false;
    }
    if (!word_is_compatible(&words[0])) {
        refuse_word(reader, &words[0],
                    "'%.*s' as device, it is no compatible string of a device "
                    "tree, write letters, digits and ',._-+'",
                    words[0].length, words[0].text);
        return false;
    }
    return copy_word(reader, &words[0], need->name) &&
           (!virtio ||
            read_number(reader, &words[1], "the virtio device", 1, 63, &need->virtio_device));
}

static bool read_core_need(struct manifest_reader *reader, const struct word *word,
                           struct manifest_need *need)
{
    static const char *const capabilities[] = {"control", "process", "log", "initrd", "power"};
    for (size_t i = 0; i < LENGTH(capabilities); i++)
        if (word_is(word, capabilities[i]))
            return copy_word(reader, word, need->name);
    refuse_word(reader, word,
                "core capability '%.*s', the core has no such, write one of control, "
                "process, log, initrd, power",
                word->length, word->text);
    return false;
}

// WORDS: the kind and what follows it, without `as HANDLE`.
static bool read_need_target(struct manifest_reader *reader, const struct word *words,
                             unsigned count, struct manifest_need *need)
{
    const struct {
        const char *word;
        enum need_kind kind;
        unsigned least, most;
    } kinds[] = {
        {"service", NEED_SERVICE, 4, 4}, {"device", NEED_DEVICE, 2, 3}, {"core", NEED_CORE, 2, 2}};
    for (size_t i = 0; i < LENGTH(kinds); i++)
        if (word_is(&words[0], kinds[i].word) && count >= kinds[i].least && count <= kinds[i].most)
            need->kind = kinds[i].kind;
    switch (need->kind) {
    case NEED_SERVICE:
        return read_service_need(reader, &words[1], need);
    case NEED_DEVICE:
        return read_device_need(reader, &words[1], count - 1, need);
    case NEED_CORE:
        return read_core_need(reader, &words[1], need);
    default:
        refuse_word(reader, &words[0],
                    "a need that is not understood, a handle comes from a "
                    "service, a device or the core, write 'needs [optional] service NAME : "
                    "INTERFACE as HANDLE', 'needs device COMPATIBLE as HANDLE', 'needs device "
                    "virtio NUMBER as HANDLE' or 'needs core CAPABILITY as HANDLE'");
        return false;
    }
}

static bool read_need_constant(struct manifest_reader *reader, const struct word *word,
                               struct manifest_need *need)
{
    const struct manifest *manifest = reader->manifest;
    if (!read_name(reader, word, "handle", need->constant))
        return false;
    for (unsigned i = 0; i < manifest->need_count; i++)
        if (strcmp(manifest->needs[i].constant, need->constant) == 0) {
            refuse_word(reader, word,
                        "second need as '%s', it names one constant in C, write "
                        "another name",
                        need->constant);
            return false;
        }
    return true;
}

void read_need(struct manifest_reader *reader)
{
    struct manifest *manifest = reader->manifest;
    const struct word *words = reader->words.list + 1;
    unsigned count = reader->words.count - 1;
    struct manifest_need need = {0};
    if (manifest->need_count == DOMAIN_NEEDS_MAX) {
        refuse_word(reader, reader->words.list,
                    "more than %d needs, an image's header holds no "
                    "more, split the domain",
                    DOMAIN_NEEDS_MAX);
        return;
    }
    if (count && word_is(&words[0], "optional")) {
        need.optional = true;
        words++;
        count--;
    }
    if (count < 4 || !word_is(&words[count - 2], "as")) {
        source_refuse(reader->source, reader->words.end,
                      "need without a handle, code uses it by "
                      "a constant, write 'needs KIND WHAT as HANDLE'");
        return;
    }
    if (read_need_target(reader, words, count - 2, &need) &&
        read_need_constant(reader, &words[count - 1], &need))
        manifest->needs[manifest->need_count++] = need;
}
