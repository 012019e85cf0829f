// SPDX-License-Identifier: MIT
#include "mode.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    mode_t type;
    char letter;
    const char *kind;
} kinds[] = {
    {S_IFREG, '-', "regular file"},
    {S_IFDIR, 'd', "directory"},
    {S_IFLNK, 'l', "symbolic link"},
    {S_IFCHR, 'c', "character special file"},
    {S_IFBLK, 'b', "block special file"},
    {S_IFIFO, 'p', "fifo"},
    {S_IFSOCK, 's', "socket"},
    {0, '?', "something else"},
};

static size_t kind_find(mode_t mode)
{
    size_t i = 0;
    while (kinds[i].type && kinds[i].type != (mode & S_IFMT))
        i++;
    return i;
}

void mode_format(mode_t mode, char text[MODE_TEXT])
{
    memcpy(text, "-rwxrwxrwx", MODE_TEXT);
    text[0] = kinds[kind_find(mode)].letter;
    for (int bit = 0; bit < 9; bit++)
        if (!(mode & (0400u >> bit)))
            text[bit + 1] = '-';
}

const char *mode_kind(mode_t mode)
{
    return kinds[kind_find(mode)].kind;
}

// ---- Modes that are typed ----

/* The bits of letters like "rx" for one of user, group and others; -1: not such letters. */
static int letters_read(const char **text)
{
    static const char letters[] = "xwr";
    int bits = 0;
    for (const char *found; **text && (found = strchr(letters, **text)); (*text)++)
        bits |= 1 << (found - letters);
    return **text == 0 || **text == ',' ? bits : -1;
}

/* Applies one clause, like u+rx, and moves on behind it. False: it is none. */
static bool clause_apply(const char **text, mode_t *mode)
{
    mode_t who = 0;
    for (; **text && strchr("ugoa", **text); (*text)++)
        who |= **text == 'u' ? 0700u : **text == 'g' ? 0070u : **text == 'o' ? 0007u : 0777u;
    if (!who)
        who = 0777;
    char change_kind = **text;
    if (!change_kind || !strchr("+-=", change_kind))
        return false;
    (*text)++;
    int bits = letters_read(text);
    if (bits < 0)
        return false;
    mode_t change = (mode_t)(bits | bits << 3 | bits << 6) & who;
    if (change_kind == '=')
        *mode &= ~who;
    *mode = change_kind == '-' ? *mode & ~change : *mode | change;
    return true;
}

bool mode_parse(const char *text, mode_t *mode)
{
    size_t digits = strspn(text, "01234567");
    if (digits && digits <= 4 && !text[digits]) {
        *mode = (mode_t)strtol(text, NULL, 8);
        return true;
    }
    while (clause_apply(&text, mode)) {
        if (!*text)
            return true;
        text++; /* the comma */
    }
    return false;
}
