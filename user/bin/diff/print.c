// SPDX-License-Identifier: MIT
#include <stdio.h>
#include "diff.h"
#include "tool.h"

/* Changed lines [x0, x1) of the left and [y0, y1) of the right text, either of which may be none.
 */
struct change {
    long x0, x1, y0, y1;
};

/* The next change from lines x0 and y0 on, which are partners. False: there is none. */
static bool change_next(const struct text *left, const struct text *right, struct change *change)
{
    long x = change->x1, y = change->y1;
    while (x < left->count && y < right->count && !left->changed[x] && !right->changed[y])
        x++, y++;
    *change = (struct change){x, x, y, y};
    while (change->x1 < left->count && left->changed[change->x1])
        change->x1++;
    while (change->y1 < right->count && right->changed[change->y1])
        change->y1++;
    return change->x1 > x || change->y1 > y;
}

static void line_print(const char *mark, const struct text *text, long number)
{
    const struct line *line = &text->lines[number];
    fputs(mark, stdout);
    fwrite(line->text, 1, line->length, stdout);
    putchar('\n');
    if (number == text->count - 1 && text->open_end)
        puts("\\ No newline at end of file");
    tool_output_check();
}

static void lines_print(const char *mark, const struct text *text, long from, long to)
{
    for (; from < to; from++)
        line_print(mark, text, from);
}

// ---- The form of ed's commands ----

static void range_print(long from, long to)
{
    if (to - from > 1)
        printf("%ld,%ld", from + 1, to);
    else
        printf("%ld", to);
}

void differences_print(const struct text *left, const struct text *right)
{
    for (struct change change = {0}; change_next(left, right, &change);) {
        bool deletes = change.x1 > change.x0, adds = change.y1 > change.y0;
        range_print(change.x0, change.x1);
        putchar(deletes && adds ? 'c' : deletes ? 'd' : 'a');
        range_print(change.y0, change.y1);
        putchar('\n');
        lines_print("< ", left, change.x0, change.x1);
        if (deletes && adds)
            puts("---");
        lines_print("> ", right, change.y0, change.y1);
    }
}

// ---- Unified ----

/* Counted from 1; of no lines, the number of the one before. */
static void hunk_range_print(char sign, long from, long to)
{
    printf("%c%ld", sign, to > from ? from + 1 : from);
    if (to - from != 1)
        printf(",%ld", to - from);
}

/* All changes that are so near to each other that their context touches; `first` is the first of
   them, and becomes the last. */
static void hunk_print(const struct text *left, const struct text *right, struct change *first,
                       long context)
{
    struct change last = *first, ahead = *first;
    while (change_next(left, right, &ahead) && ahead.x0 - last.x1 <= 2 * context)
        last = ahead;
    long before = first->x0 < context ? first->x0 : context;
    long after = left->count - last.x1 < context ? left->count - last.x1 : context;
    printf("@@ ");
    hunk_range_print('-', first->x0 - before, last.x1 + after);
    putchar(' ');
    hunk_range_print('+', first->y0 - before, last.y1 + after);
    printf(" @@\n");
    long at = first->x0 - before;
    struct change change = *first;
    for (;;) {
        lines_print(" ", left, at, change.x0);
        lines_print("-", left, change.x0, change.x1);
        lines_print("+", right, change.y0, change.y1);
        at = change.x1;
        if (change.x1 == last.x1 && change.y1 == last.y1)
            break;
        change_next(left, right, &change);
    }
    lines_print(" ", left, at, at + after);
    *first = last;
}

void differences_print_unified(const struct text *left, const struct text *right, long context)
{
    printf("--- %s\n+++ %s\n", left->path, right->path);
    for (struct change change = {0}; change_next(left, right, &change);)
        hunk_print(left, right, &change, context);
}
