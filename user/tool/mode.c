// SPDX-License-Identifier: MIT
#include "mode.h"

#include <string.h>

static const struct {
    mode_t type;
    char letter;
    const char *kind;
} kinds[] = {
    {S_IFREG, '-', "regular file"},     {S_IFDIR, 'd', "folder"},       {S_IFLNK, 'l', "link"},
    {S_IFCHR, 'c', "character device"}, {S_IFBLK, 'b', "block device"}, {S_IFIFO, 'p', "pipe"},
    {S_IFSOCK, 's', "socket"},          {0, '?', "something else"},
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
