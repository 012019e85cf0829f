// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "diff.h"
#include "tool.h"

static char *file_read(int file, const char *path, size_t *length)
{
    char *bytes = NULL;
    size_t room = 0;
    *length = 0;
    for (ssize_t part = 1; part != 0;) {
        if (*length == room && !(bytes = realloc(bytes, room = room ? 2 * room : 65536)))
            tool_fail(path);
        part = read(file, bytes + *length, room - *length);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0) {
            tool_error(path);
            return NULL;
        }
        *length += (size_t)part;
    }
    return bytes;
}

static void lines_find(struct text *text, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    for (const char *at = bytes; at < end; at++)
        text->count += *at == '\n';
    text->open_end = length && end[-1] != '\n';
    text->count += text->open_end;
    text->lines = calloc((size_t)text->count + 1, sizeof *text->lines);
    text->changed = calloc((size_t)text->count + 1, sizeof *text->changed);
    if (!text->lines || !text->changed)
        tool_fail(text->path);
    for (long i = 0; i < text->count; i++) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        text->lines[i].text = bytes;
        text->lines[i].length = (size_t)((newline ? newline : end) - bytes);
        bytes += text->lines[i].length + 1;
    }
}

bool text_read(struct text *text, const char *path)
{
    size_t length;
    *text = (struct text){.path = path ? path : "/dev/null"};
    if (!path) {
        lines_find(text, "", 0);
        return true;
    }
    int file = tool_open(path);
    if (file < 0)
        return false;
    text->bytes = file_read(file, path, &length);
    if (file != STDIN_FILENO)
        close(file);
    if (!text->bytes)
        return false;
    text->binary = memchr(text->bytes, 0, length) != NULL;
    lines_find(text, text->bytes, length);
    return true;
}

void text_free(struct text *text)
{
    free(text->lines);
    free(text->changed);
    free(text->bytes);
}

// ---- Classes: a hash table of lines that differ ----

static struct {
    const struct line **slots;
    size_t mask;
    long classes;
    bool fold_blanks;
} table;

/* The next byte that counts, from *at on; -1 at the end. A run of blanks gives one, and none at the
   end of a line. */
static int byte_next(const struct line *line, size_t *at)
{
    if (*at == line->length)
        return -1;
    unsigned char byte = (unsigned char)line->text[(*at)++];
    if (!table.fold_blanks || !isspace(byte))
        return byte;
    while (*at < line->length && isspace((unsigned char)line->text[*at]))
        (*at)++;
    return *at < line->length ? ' ' : -1;
}

static size_t line_hash(const struct line *line)
{
    size_t hash = 5381, at = 0;
    for (int byte; (byte = byte_next(line, &at)) >= 0;)
        hash = hash * 33 ^ (size_t)byte;
    return hash;
}

static bool lines_equal(const struct line *a, const struct line *b)
{
    size_t i = 0, j = 0;
    int byte;
    do {
        byte = byte_next(a, &i);
        if (byte != byte_next(b, &j))
            return false;
    } while (byte >= 0);
    return true;
}

static void line_classify(struct line *line)
{
    size_t slot = line_hash(line) & table.mask;
    while (table.slots[slot] && !lines_equal(table.slots[slot], line))
        slot = (slot + 1) & table.mask;
    if (!table.slots[slot]) {
        line->class = ++table.classes;
        table.slots[slot] = line;
    }
    line->class = table.slots[slot]->class;
}

/* A last line without a newline is another than with one. */
static void end_classify(struct text *text, const struct text *other)
{
    if (text->open_end && !other->open_end)
        text->lines[text->count - 1].class = ++table.classes;
}

void texts_classify(struct text *left, struct text *right, bool fold_blanks)
{
    size_t room = 16;
    while (room < 2 * (size_t)(left->count + right->count))
        room *= 2;
    table.slots = calloc(room, sizeof *table.slots);
    table.mask = room - 1;
    table.fold_blanks = fold_blanks;
    if (!table.slots)
        tool_fail("memory");
    for (long i = 0; i < left->count; i++)
        line_classify(&left->lines[i]);
    for (long i = 0; i < right->count; i++)
        line_classify(&right->lines[i]);
    free(table.slots);
    end_classify(left, right);
    end_classify(right, left);
}
