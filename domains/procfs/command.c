// SPDX-License-Identifier: MIT
#include "command.h"

#include <stdbool.h>
#include <string.h>
#include "kernel/abi/error.h"

#define WORDS_MAX 5

_Static_assert(WORDS_MAX == 5 && COMMAND_WORD_MAX == 256, "the refusals name them");

struct words {
    const char *start[WORDS_MAX];
    uint64_t length[WORDS_MAX];
    uint32_t count;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

// Cuts the line into words. NULL, or why it is no command.
static const char *words_cut(const char *line, uint64_t length, struct words *words)
{
    uint64_t at = 0;
    words->count = 0;
    while (at < length) {
        while (at < length && is_space(line[at]))
            at++;
        uint64_t begin = at;
        while (at < length && !is_space(line[at])) {
            if ((unsigned char)line[at] < ' ' || line[at] == 127)
                return "a command has no control characters";
            at++;
        }
        if (at == begin)
            continue;
        if (words->count == WORDS_MAX)
            return "a command has at most 5 words";
        if (at - begin >= COMMAND_WORD_MAX)
            return "a name or path has at most 255 bytes";
        words->start[words->count] = line + begin;
        words->length[words->count++] = at - begin;
    }
    return NULL;
}

static bool word_is(const struct words *words, uint32_t index, const char *text)
{
    return index < words->count && words->length[index] == strlen(text) &&
           !memcmp(words->start[index], text, words->length[index]);
}

static void word_copy(const struct words *words, uint32_t index, char *out)
{
    memcpy(out, words->start[index], words->length[index]);
    out[words->length[index]] = 0;
}

// A decimal number from 1 to 65535, 0: it is none.
static uint32_t word_number(const struct words *words, uint32_t index)
{
    uint32_t value = 0;
    for (uint64_t i = 0; i < words->length[index]; i++) {
        char c = words->start[index][i];
        if (c < '0' || c > '9' || value > 6553)
            return 0;
        value = value * 10 + (uint32_t)(c - '0');
    }
    return value <= 65535 ? value : 0;
}

struct form {
    const char *verb;
    enum command_verb number;
    bool service, image; // which words follow, in this order
    const char *usage;
};

static const struct form forms[] = {
    {"register", VERB_REGISTER, false, true, "usage: register FILE"},
    {"load", VERB_LOAD, false, true, "usage: load IMAGE [as NAME]"},
    {"update", VERB_UPDATE, true, true, "usage: update NAME IMAGE [INTERFACE-NUMBER]"},
    {"rollback", VERB_ROLLBACK, true, false, "usage: rollback NAME"},
    {"restart", VERB_RESTART, true, false, "usage: restart NAME"},
    {"stop", VERB_STOP, true, false, "usage: stop NAME [--force]"},
    {"fault", VERB_FAULT, true, true, "usage: fault NAME CLASS [in STAGE]"},
    {"forget", VERB_FORGET, false, true, "usage: forget IMAGE"},
    {"shadow", VERB_SHADOW, true, true, "usage: shadow NAME on|off"},
    {"verify", VERB_VERIFY, false, true, "usage: verify FILE"},
    {"failnth", VERB_FAILNTH, false, true, "usage: failnth KIND N [TIMES], or failnth off"},
};

// What may come behind the words that every command of this form has. False: it may not.
static bool rest_parse(const struct words *words, uint32_t at, struct command *command)
{
    uint32_t left = words->count - at;
    if (!left)
        return true;
    if (command->verb == VERB_LOAD && left == 2 && word_is(words, at, "as")) {
        word_copy(words, at + 1, command->service);
        return true;
    }
    if (command->verb == VERB_UPDATE && left == 1) {
        command->number = word_number(words, at);
        return command->number != 0;
    }
    if (command->verb == VERB_FAILNTH && left <= 2) {
        command->number = word_number(words, at);
        command->times = left == 2 ? word_number(words, at + 1) : 1;
        return command->number && command->times;
    }
    if (command->verb == VERB_FAULT && left == 2 && word_is(words, at, "in")) {
        static const char *const stages[] = {"method", "init", "import", "attach",  "detach",
                                             "export", "exit", "thread", "rehearse"};
        const uint32_t count = sizeof stages / sizeof *stages;
        while (command->number < count && !word_is(words, at + 1, stages[command->number]))
            command->number++;
        return command->number < count;
    }
    if (command->verb == VERB_STOP && left == 1) {
        command->force = word_is(words, at, "--force");
        return command->force;
    }
    return false;
}

int command_parse(const char *line, uint64_t length, struct command *command, const char **why)
{
    struct words words;
    memset(command, 0, sizeof *command);
    *why = "a command is one line of at most 4096 bytes";
    if (length > COMMAND_LINE_MAX)
        return -E2BIG;
    if (length && line[length - 1] == '\n')
        length--;
    *why = words_cut(line, length, &words);
    if (*why)
        return -EINVAL;
    *why = "unknown command (register, load, update, rollback, restart, stop, "
           "fault, shadow, verify, forget, failnth)";
    for (uint32_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form *form = &forms[i];
        uint32_t at = 1;
        if (!word_is(&words, 0, form->verb))
            continue;
        *why = form->usage;
        command->verb = form->number;
        if (words.count < 1u + form->service + form->image)
            return -EINVAL;
        if (form->service)
            word_copy(&words, at++, command->service);
        if (form->image)
            word_copy(&words, at++, command->image);
        return rest_parse(&words, at, command) ? 0 : -EINVAL;
    }
    return -EINVAL;
}
