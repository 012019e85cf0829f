// SPDX-License-Identifier: MIT
// The shortest way from one text to the other (E. Myers, "An O(ND) Difference Algorithm and Its
// Variations", 1986, section 4b): ways from both ends that get as far as they can with D changes,
// until two meet; what lies before and behind is done likewise. Memory: proportional to the lines.
#include <stdlib.h>
#include "diff.h"
#include "tool.h"

/* Line x of the left and y of the right text lie on diagonal x - y. For each: how far left the ways
   have come. */
static long *forward, *backward;
static const struct line *a, *b;
static bool *a_changed, *b_changed;

/* Lines [x0, x1) of the left and [y0, y1) of the right text. */
struct part {
    long x0, x1, y0, y1;
};

/* The diagonals that the ways of one direction have reached; they grow by one on both sides with
   each step, up to those of the part. Out of the part, the fronts are where no way comes from. */
struct reach {
    long low, high;
};

static void reach_grow(struct reach *reach, const struct part *part, long *front, long nowhere)
{
    long low = part->x0 - part->y1, high = part->x1 - part->y0;
    if (reach->low > low) {
        reach->low--;
        front[reach->low - 1] = nowhere;
    } else {
        reach->low++;
    }
    if (reach->high < high) {
        reach->high++;
        front[reach->high + 1] = nowhere;
    } else {
        reach->high--;
    }
}

static bool is_within(const struct reach *reach, long diagonal)
{
    return reach->low <= diagonal && diagonal <= reach->high;
}

/* One change more from the front. True if a way meets one from behind, at line *x of the left. */
static bool forward_step(const struct part *part, struct reach *reach, const struct reach *other,
                         bool may_meet, long *x, long *diagonal)
{
    reach_grow(reach, part, forward, part->x0 - 1);
    for (*diagonal = reach->high; *diagonal >= reach->low; *diagonal -= 2) {
        long below = forward[*diagonal - 1], above = forward[*diagonal + 1];
        *x = below >= above ? below + 1 : above;
        long y = *x - *diagonal;
        for (; *x < part->x1 && y < part->y1 && a[*x].class == b[y].class; y++)
            ++*x;
        forward[*diagonal] = *x;
        if (may_meet && is_within(other, *diagonal) && backward[*diagonal] <= *x)
            return true;
    }
    return false;
}

static bool backward_step(const struct part *part, struct reach *reach, const struct reach *other,
                          bool may_meet, long *x, long *diagonal)
{
    reach_grow(reach, part, backward, part->x1 + 1);
    for (*diagonal = reach->high; *diagonal >= reach->low; *diagonal -= 2) {
        long below = backward[*diagonal - 1], above = backward[*diagonal + 1];
        *x = below < above ? below : above - 1;
        long y = *x - *diagonal;
        for (; *x > part->x0 && y > part->y0 && a[*x - 1].class == b[y - 1].class; y--)
            --*x;
        backward[*diagonal] = *x;
        if (may_meet && is_within(other, *diagonal) && *x <= forward[*diagonal])
            return true;
    }
    return false;
}

/* A point on a shortest way through the part, which begins and ends with a change. */
static void middle_find(const struct part *part, long *x, long *y)
{
    long first = part->x0 - part->y0, last = part->x1 - part->y1, diagonal;
    bool odd = (first - last) & 1;
    struct reach front = {first, first}, back = {last, last};
    forward[first] = part->x0;
    backward[last] = part->x1;
    while (!forward_step(part, &front, &back, odd, x, &diagonal) &&
           !backward_step(part, &back, &front, !odd, x, &diagonal))
        continue;
    *y = *x - diagonal;
}

static void part_compare(struct part part)
{
    while (part.x0 < part.x1 && part.y0 < part.y1 && a[part.x0].class == b[part.y0].class)
        part.x0++, part.y0++;
    while (part.x0 < part.x1 && part.y0 < part.y1 && a[part.x1 - 1].class == b[part.y1 - 1].class)
        part.x1--, part.y1--;
    if (part.x0 < part.x1 && part.y0 < part.y1) {
        long x, y;
        middle_find(&part, &x, &y);
        part_compare((struct part){part.x0, x, part.y0, y});
        part_compare((struct part){x, part.x1, y, part.y1});
        return;
    }
    while (part.x0 < part.x1)
        a_changed[part.x0++] = true;
    while (part.y0 < part.y1)
        b_changed[part.y0++] = true;
}

void texts_compare(struct text *left, struct text *right)
{
    size_t diagonals = (size_t)(left->count + right->count) + 3;
    long *fronts = calloc(2 * diagonals, sizeof *fronts);
    if (!fronts)
        tool_fail("memory");
    forward = fronts + right->count + 1;
    backward = forward + diagonals;
    a = left->lines;
    b = right->lines;
    a_changed = left->changed;
    b_changed = right->changed;
    part_compare((struct part){0, left->count, 0, right->count});
    free(fronts);
}
