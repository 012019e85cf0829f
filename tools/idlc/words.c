// SPDX-License-Identifier: MIT
#include "words.h"

#include <string.h>

void words_start(struct words *words, struct source *source)
{
    *words = (struct words){.source = source, .next = source->text};
}

static void words_add(struct words *words, const char *text, int length, unsigned column)
{
    if (words->count < WORDS_MAX)
        words->list[words->count++] =
            (struct word){.text = text, .length = length, .at = {words->line, column}};
    words->end = (struct position){words->line, column + (unsigned)length};
}

static void words_split(struct words *words, const char *line, const char *end)
{
    for (const char *here = line; here < end && *here != '#';) {
        int length = 1;
        if (*here != ':')
            length = (int)strcspn(here, " \t\n:#");
        if (length)
            words_add(words, here, length, (unsigned)(here - line) + 1);
        here += length ? length : 1;
    }
}

bool words_next_line(struct words *words)
{
    words->count = 0;
    while (words->count == 0 && *words->next) {
        const char *line = words->next;
        const char *end = line + strcspn(line, "\n");
        words->line++;
        words->next = *end ? end + 1 : end;
        words_split(words, line, end);
    }
    return words->count != 0;
}

bool word_is(const struct word *word, const char *text)
{
    return strlen(text) == (size_t)word->length &&
           memcmp(text, word->text, (size_t)word->length) == 0;
}
