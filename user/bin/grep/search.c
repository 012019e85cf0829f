// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "grep.h"
#include "progress.h"
#include "tool.h"

#define PATTERNS_MAX 64

static struct pattern *patterns[PATTERNS_MAX];
static int pattern_count;

struct text {
    char *bytes;
    size_t length;
};

/* The last lines that were not printed, `options.before` at most, as a ring. */
static struct text *ring;
static long ring_next, ring_filled;

void pattern_add(const char *text, enum pattern_syntax syntax)
{
    const char *reason;
    if (pattern_count == PATTERNS_MAX)
        tool_usage_error("more than %d patterns", PATTERNS_MAX);
    struct pattern *pattern = pattern_compile(text, syntax, options.fold_case, &reason);
    if (!pattern)
        tool_usage_error("%s: %s", text, reason);
    patterns[pattern_count++] = pattern;
}

// ---- Matching ----

/* The first match of any pattern from byte `from` on, the longest of those that begin there. */
static bool match_find(const struct text *line, size_t from, size_t *start, size_t *end)
{
    bool found = false;
    for (int i = 0; i < pattern_count; i++) {
        size_t s, e;
        if (!pattern_match(patterns[i], line->bytes, line->length, options.extent, from, &s, &e))
            continue;
        if (!found || s < *start || (s == *start && e > *end)) {
            *start = s;
            *end = e;
        }
        found = true;
    }
    return found;
}

static bool line_matches(const struct text *line)
{
    for (int i = 0; i < pattern_count; i++) {
        size_t start, end;
        if (pattern_find(patterns[i], line->bytes, line->length) &&
            (options.extent == PATTERN_ANY || pattern_match(patterns[i], line->bytes, line->length,
                                                            options.extent, 0, &start, &end)))
            return true;
    }
    return false;
}

// ---- Printing ----

/* `mark` is : for lines that match and - for those around them. */
static void front_print(const char *path, long number, char mark)
{
    progress_pause();
    if (path)
        printf("%s%c", path, mark);
    if (options.numbered)
        printf("%ld%c", number, mark);
}

static void line_print(const char *path, long number, const struct text *line, char mark)
{
    front_print(path, number, mark);
    fwrite(line->bytes, 1, line->length, stdout);
    putchar('\n');
    tool_output_check();
}

/* Each match in a line of its own. */
static void parts_print(const char *path, long number, const struct text *line)
{
    for (size_t at = 0, start, end; match_find(line, at, &start, &end);
         at = end > start ? end : start + 1) {
        if (end == start)
            continue;
        front_print(path, number, ':');
        fwrite(line->bytes + start, 1, end - start, stdout);
        putchar('\n');
        tool_output_check();
    }
}

// ---- Context ----

static void ring_add(const struct text *line)
{
    if (!options.before)
        return;
    if (!ring && !(ring = calloc((size_t)options.before, sizeof *ring)))
        tool_fail("memory");
    struct text *slot = &ring[ring_next];
    free(slot->bytes);
    if (!(slot->bytes = malloc(line->length + 1)))
        tool_fail("memory");
    memcpy(slot->bytes, line->bytes, line->length);
    slot->length = line->length;
    ring_next = (ring_next + 1) % options.before;
    ring_filled += ring_filled < options.before;
}

/* Prints the lines before line `number` that have not been printed yet; `printed` is the last that
   was. */
static void ring_print(const char *path, long number, long printed)
{
    static bool any;
    if ((options.before || options.after) && any && printed < number - ring_filled - 1)
        puts("--");
    any = true;
    for (long i = ring_filled; i > 0; i--)
        line_print(path, number - i, &ring[(ring_next - i + options.before) % options.before], '-');
    ring_filled = 0;
}

long stream_search(FILE *stream, const char *path)
{
    struct text line = {0};
    size_t room = 0;
    long number = 0, found = 0, printed = 0, after = 0;
    bool prints =
        !options.quiet && !options.names_only && !options.names_without && !options.count_only;
    ring_filled = ring_next = 0;
    for (ssize_t length; (length = getline(&line.bytes, &room, stream)) >= 0;) {
        number++;
        progress_add((uint64_t)length);
        line.length = (size_t)length - (length > 0 && line.bytes[length - 1] == '\n');
        if (found != options.most && line_matches(&line) != options.inverted) {
            found++;
            if (prints && !options.parts_only) {
                ring_print(path, number, printed);
                line_print(path, number, &line, ':');
            } else if (prints && !options.inverted) {
                parts_print(path, number, &line);
            } else if (!options.count_only) {
                break;
            }
            printed = number;
            after = options.after;
        } else if (prints && !options.parts_only && after > 0) {
            line_print(path, number, &line, '-');
            printed = number;
            after--;
        } else {
            ring_add(&line);
        }
        if (found == options.most && after == 0)
            break;
    }
    free(line.bytes);
    return found;
}
