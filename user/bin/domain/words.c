// SPDX-License-Identifier: MIT
// What may come next in a command of `domain`: the shell's Tab asks for it (user/mksh/words.h).
#include <stdlib.h>
#include <string.h>
#include "domain.h"
#include "tool.h"

/* For each word behind the command's own: s a service, i an image, c a class of faults, or one of
   the words between slashes. */
static const struct {
    const char *name, *kinds[4];
} commands[] = {
    {"list", {"/-j"}},
    {"info", {"s", "/-j"}},
    {"images", {"/-j"}},
    {"register", {NULL}},
    {"load", {"i", "/as"}},
    {"update", {"s", "i"}},
    {"rollback", {"s"}},
    {"restart", {"s"}},
    {"stop", {"s", "/--force"}},
    {"fault", {"s/list", "c", "/in", "/init/import/attach/detach/export/exit/thread"}},
    {"forget", {"i"}},
    {"shadow", {"s", "/on/off"}},
    {"failnth", {"/page/object/rref/handle/event/slot/thread/stack"}},
    {"verify", {NULL}},
    {"top", {NULL}},
    {"help", {NULL}},
};

#define COMMANDS (sizeof commands / sizeof *commands)

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
        else
            fault_names_print();
    }
    for (; *kind; kind += strcspn(kind, "/")) {
        kind++;
        printf("%.*s\n", (int)strcspn(kind, "/"), kind);
    }
}

void words_print(char *const words[], int count)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (count == 0)
            puts(commands[i].name);
        else if (strcmp(words[0], commands[i].name) == 0 && count <= 4 &&
                 commands[i].kinds[count - 1])
            kind_print(commands[i].kinds[count - 1]);
    }
}
