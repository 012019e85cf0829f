// SPDX-License-Identifier: MIT
// paste: the lines of files beside each other, tabs between. -d: letters that take turns between
// them, -s: all lines of a file in one instead.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

static char dividers[256] = "\t";
static size_t divider_count = 1;

/* \n, \t, \\ and \0 (nothing) are understood. */
static void dividers_parse(const char *text)
{
    for (divider_count = 0; *text && divider_count < sizeof dividers; text++) {
        char letter = *text;
        if (letter == '\\' && text[1]) {
            letter = *++text;
            letter = letter == 'n' ? '\n' : letter == 't' ? '\t' : letter == '0' ? 0 : letter;
        }
        dividers[divider_count++] = letter;
    }
    if (!divider_count)
        dividers[divider_count++] = 0;
}

static void divider_print(size_t place)
{
    char letter = dividers[place % divider_count];
    if (letter)
        putchar(letter);
}

/* The next line without its newline. False at the end. */
static bool line_read(FILE *stream, char **line, size_t *room)
{
    ssize_t length = getline(line, room, stream);
    if (length > 0 && (*line)[length - 1] == '\n')
        (*line)[length - 1] = 0;
    return length > 0;
}

static void file_print(FILE *stream)
{
    char *line = NULL;
    size_t room = 0;
    for (size_t i = 0; line_read(stream, &line, &room); i++) {
        if (i > 0)
            divider_print(i - 1);
        fputs(line, stdout);
        tool_output_check();
    }
    putchar('\n');
    free(line);
}

/* One row of all files; the lines are kept in `lines` till all have been asked. False: none of them
   has a line any more. */
static bool row_print(FILE **streams, char **lines, size_t *rooms, int count)
{
    bool any = false, have[count];
    for (int i = 0; i < count; i++)
        any |= have[i] = line_read(streams[i], &lines[i], &rooms[i]);
    for (int i = 0; any && i < count; i++) {
        if (i > 0)
            divider_print((size_t)i - 1);
        if (have[i])
            fputs(lines[i], stdout);
    }
    if (any)
        putchar('\n');
    tool_output_check();
    return any;
}

int main(int argc, char **argv)
{
    bool serial = false;
    tool_begin("paste", "[-s] [-d LETTERS] [FILE]...");
    for (int letter; (letter = tool_option(argc, argv, "sd:")) >= 0;) {
        serial |= letter == 's';
        if (letter == 'd')
            dividers_parse(optarg);
    }
    static char *only_stdin[] = {"-"};
    int count = optind < argc ? argc - optind : 1;
    char **paths = optind < argc ? argv + optind : only_stdin;
    FILE **streams = calloc((size_t)count, sizeof *streams);
    char **lines = calloc((size_t)count, sizeof *lines);
    size_t *rooms = calloc((size_t)count, sizeof *rooms);
    if (!streams || !lines || !rooms)
        tool_fail("memory");
    for (int i = 0; i < count; i++) {
        streams[i] = strcmp(paths[i], "-") == 0 ? stdin : fopen(paths[i], "r");
        if (!streams[i])
            tool_fail(paths[i]);
    }
    if (serial)
        for (int i = 0; i < count; i++)
            file_print(streams[i]);
    else
        while (row_print(streams, lines, rooms, count))
            ;
    for (int i = 0; i < count; i++)
        if (ferror(streams[i]))
            tool_error(paths[i]);
    return tool_status();
}
