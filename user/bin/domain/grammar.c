// SPDX-License-Identifier: MIT
#include "grammar.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "domain.h"
#include "tool.h"

#define PURPOSE_COLUMN 37

static const struct command commands[] = {
    {"list [-j]", "the running services", 0, 1, {"=/-j"}},
    {"info NAME [-j]", "one of them in full", 1, 2, {"s", "=/-j"}},
    {"images [-j]", "the images known", 0, 1, {"=/-j"}},
    {"register FILE", "verify an image and make it known by its name", 1, 1, {NULL}},
    {"load IMAGE [as NAME]", "start a service", 1, 3, {"i", "+/as"}},
    {"update NAME IMAGE", "replace what serves NAME, while it runs", 2, 3, {"s", "i"}},
    {"rollback NAME", "back to the image before the last update", 1, 1, {"s"}},
    {"restart NAME", "start NAME again from its image", 1, 1, {"s"}},
    {"stop NAME [--force]", "end NAME; --force: even if others hold it", 1, 2, {"s", "=/--force"}},
    {"fault NAME CLASS [in STAGE]",
     "the next call into NAME commits a fault, or its\n"
     "init, import, attach, detach, export, exit, thread;\n"
     "`domain fault list`: the classes of faults",
     2,
     4,
     {"s/list", "c", "+/in", "/init/import/attach/detach/export/exit/thread"}},
    {"forget IMAGE", "give back what an image from a file takes", 1, 1, {"i"}},
    {"shadow NAME on|off",
     "hide faults of NAME by a restart, or show them",
     2,
     2,
     {"s", "=/on/off"}},
    {"failnth KIND N COMMAND...",
     "give a command whose Nth request for a page, object,\n"
     "rref, handle, event, slot, thread, stack fails",
     3,
     8,
     {"/page/object/rref/handle/event/slot/thread/stack"}},
    {"verify FILE", "run the verifier only", 1, 1, {NULL}},
    {"top", "live screen; q quits", 0, 0, {NULL}},
    {"words [WORD]...", "what may come next, for the shell's Tab", 0, 8, {NULL}},
    {"help", "this text", 0, 0, {NULL}},
};

#define COMMANDS (sizeof commands / sizeof *commands)

static size_t name_length(const struct command *command)
{
    return strcspn(command->synopsis, " ");
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strlen(name) == name_length(&commands[i]) &&
            memcmp(name, commands[i].synopsis, strlen(name)) == 0)
            return &commands[i];
    return NULL;
}

void usage_print(FILE *to)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *rest = commands[i].purpose;
        for (size_t line = 0; *rest; line++) {
            int length = (int)strcspn(rest, "\n");
            fprintf(to, "%-7s%-7s%-*s%.*s\n", i + line ? "" : "usage:", line ? "" : "domain",
                    PURPOSE_COLUMN - 7, line ? "" : commands[i].synopsis, length, rest);
            rest += length + (rest[length] == '\n');
        }
    }
}

// ---- Judging a command ----

/* `word` is wrong, or the word of the synopsis that would be the next is missing behind it. */
_Noreturn static void word_refuse(const struct command *command, const char *word, int next)
{
    if (next) {
        const char *at = command->synopsis;
        while (next--)
            at += strcspn(at, " ") + 1;
        fprintf(stderr, "domain: %s: %.*s is missing\n", word_shown(word), (int)strcspn(at, " ]"),
                at);
    } else {
        fprintf(stderr, "domain: %s: not expected\n", word_shown(word));
    }
    fprintf(stderr, "usage: domain %s\n", command->synopsis);
    exit(2);
}

/* Whether `word` is one of "/ONE/TWO". */
static bool is_among(const char *word, const char *choice)
{
    for (size_t length; *choice; choice += 1 + length) {
        length = strcspn(choice + 1, "/");
        if (strlen(word) == length && memcmp(word, choice + 1, length) == 0)
            return true;
    }
    return false;
}

void command_check(const struct command *command, char *const words[], int count)
{
    if (count - 1 < command->least)
        word_refuse(command, words[count - 1], count);
    if (count - 1 > command->most)
        word_refuse(command, words[count - 1], 0);
    for (int i = 1; i < count && i <= WORDS_KNOWN; i++) {
        const char *kind = command->kinds[i - 1];
        if (!kind || (*kind != '=' && *kind != '+'))
            continue;
        if (!is_among(words[i], kind + 1))
            word_refuse(command, words[i], 0);
        if (*kind == '+' && i + 1 == count)
            word_refuse(command, words[i], count);
    }
}

// ---- What may come next ----

/* The first word of each line of a table file. */
static void names_print(const char *table)
{
    char path[64], *line = NULL;
    size_t room = 0;
    snprintf(path, sizeof path, DOMAIN_FOLDER "%s", table);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    while (getline(&line, &room, file) > 0)
        printf("%.*s\n", (int)strcspn(line, " \n"), line);
    free(line);
    fclose(file);
}

static void kind_print(const char *kind)
{
    for (; *kind && *kind != '/'; kind++) {
        if (*kind == 's')
            names_print("list");
        else if (*kind == 'i')
            names_print("images");
        else if (*kind == 'c')
            fault_names_print();
    }
    for (; *kind; kind += strcspn(kind, "/")) {
        kind++;
        printf("%.*s\n", (int)strcspn(kind, "/"), kind);
    }
}

void words_print(char *const words[], int count)
{
    if (count == 0) {
        for (size_t i = 0; i < COMMANDS; i++)
            printf("%.*s\n", (int)name_length(&commands[i]), commands[i].synopsis);
        return;
    }
    const struct command *command = command_find(words[0]);
    if (command && count <= WORDS_KNOWN && command->kinds[count - 1])
        kind_print(command->kinds[count - 1]);
}
