// SPDX-License-Identifier: MIT
#include "pattern.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum step_kind { STEP_SET, STEP_LINE_START, STEP_LINE_END, STEP_SPLIT, STEP_MATCH, STEP_SAVE };

#define STEPS_MAX 20000 /* a{1000}{1000} is refused */

/* SPLIT goes on at `first`, which is tried first, and `second` (a jump: both the same), counted
   from itself. SAVE notes where a group begins or ends: its place in the list is `first`. */
struct step {
    enum step_kind kind;
    int first, second;
    unsigned char set[32]; /* one bit for each byte that SET accepts */
};

struct pattern {
    struct step *steps;
    int count, room;
    int *now, *next; /* the steps that can be reached before and after a byte */
    unsigned *seen;  /* the round in which a step was put on a list last */
    unsigned round;
    int groups; /* how many there are */
};

struct compiler {
    struct pattern *pattern;
    const char *text;
    enum pattern_syntax syntax;
    bool fold_case;
    const char *reason;
    jmp_buf refused;
};

static void alternation_compile(struct compiler *compiler, int depth);

_Noreturn static void refuse(struct compiler *compiler, const char *reason)
{
    compiler->reason = reason;
    longjmp(compiler->refused, 1);
}

/* Makes room for a step at `at`. What lies behind moves as a whole, so its jumps stay right. */
static struct step *step_insert(struct compiler *compiler, int at, enum step_kind kind)
{
    struct pattern *pattern = compiler->pattern;
    if (pattern->count == STEPS_MAX)
        refuse(compiler, "too large");
    if (pattern->count == pattern->room) {
        pattern->room = pattern->room ? 2 * pattern->room : 64;
        struct step *larger = realloc(pattern->steps, (size_t)pattern->room * sizeof *larger);
        if (!larger)
            refuse(compiler, "not enough memory");
        pattern->steps = larger;
    }
    struct step *step = pattern->steps + at;
    memmove(step + 1, step, (size_t)(pattern->count++ - at) * sizeof *step);
    *step = (struct step){.kind = kind};
    return step;
}

static struct step *step_append(struct compiler *compiler, enum step_kind kind)
{
    return step_insert(compiler, compiler->pattern->count, kind);
}

static void split_insert(struct compiler *compiler, int at, int first, int second)
{
    struct step *step = step_insert(compiler, at, STEP_SPLIT);
    step->first = first;
    step->second = second;
}

static void set_add(struct compiler *compiler, struct step *step, int byte)
{
    step->set[byte / 8] |= (unsigned char)(1 << byte % 8);
    if (compiler->fold_case && isalpha(byte)) {
        int other = islower(byte) ? toupper(byte) : tolower(byte);
        step->set[other / 8] |= (unsigned char)(1 << other % 8);
    }
}

static bool class_has(const char *name, size_t length, int byte)
{
    static const struct {
        const char *name;
        int (*has)(int);
    } classes[] = {{"alpha", isalpha}, {"digit", isdigit}, {"alnum", isalnum}, {"space", isspace},
                   {"upper", isupper}, {"lower", islower}, {"punct", ispunct}, {"xdigit", isxdigit},
                   {"print", isprint}, {"blank", isblank}, {"cntrl", iscntrl}, {"graph", isgraph}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strlen(classes[i].name) == length && memcmp(classes[i].name, name, length) == 0)
            return classes[i].has(byte);
    return false;
}

/* After the opening bracket. A closing one at the very front stands for itself. */
static void set_compile(struct compiler *compiler)
{
    struct step *step = step_append(compiler, STEP_SET);
    const char *text = compiler->text;
    bool inverted = *text == '^';
    text += inverted;
    for (const char *start = text; *text != ']' || text == start;) {
        const char *class_end = text[0] == '[' && text[1] == ':' ? strstr(text + 2, ":]") : NULL;
        if (!*text)
            refuse(compiler, "a [ without its ]");
        if (class_end) {
            for (int byte = 0; byte < 256; byte++)
                if (class_has(text + 2, (size_t)(class_end - text - 2), byte))
                    set_add(compiler, step, byte);
            text = class_end + 2;
            continue;
        }
        int low = (unsigned char)*text++, high = low;
        if (text[0] == '-' && text[1] && text[1] != ']') {
            high = (unsigned char)text[1];
            text += 2;
        }
        if (high < low)
            refuse(compiler, "a range in [] that runs backwards");
        for (; low <= high; low++)
            set_add(compiler, step, low);
    }
    for (int i = 0; inverted && i < 32; i++)
        step->set[i] = (unsigned char)~step->set[i];
    compiler->text = text + 1;
}

/* Takes the operator if it comes next, in the spelling of the syntax. */
static bool operator_take(struct compiler *compiler, char letter)
{
    const char *text = compiler->text;
    if (compiler->syntax == PATTERN_FIXED)
        return false;
    bool escaped = compiler->syntax == PATTERN_BASIC && letter != '*';
    if (text[0] != (escaped ? '\\' : letter) || (escaped && text[1] != letter))
        return false;
    compiler->text += 1 + escaped;
    return true;
}

static bool operator_next(struct compiler *compiler, char letter)
{
    const char *text = compiler->text;
    bool found = operator_take(compiler, letter);
    compiler->text = text;
    return found;
}

static void atom_compile(struct compiler *compiler, bool at_front, int depth)
{
    if (operator_take(compiler, '(')) {
        int group = ++compiler->pattern->groups;
        step_append(compiler, STEP_SAVE)->first = 2 * group;
        alternation_compile(compiler, depth + 1);
        if (!operator_take(compiler, ')'))
            refuse(compiler, "a ( without its )");
        step_append(compiler, STEP_SAVE)->first = 2 * group + 1;
        return;
    }
    char letter = *compiler->text++;
    bool plain = compiler->syntax == PATTERN_FIXED, extended = compiler->syntax == PATTERN_EXTENDED;
    if (!plain && letter == '^' && (at_front || extended)) {
        step_append(compiler, STEP_LINE_START);
    } else if (!plain && letter == '$' &&
               (extended || !*compiler->text || compiler->text[0] == '\\')) {
        step_append(compiler, STEP_LINE_END);
    } else if (!plain && letter == '.') {
        memset(step_append(compiler, STEP_SET)->set, 0xff, 32);
    } else if (!plain && letter == '[') {
        set_compile(compiler);
    } else {
        if (!plain && letter == '\\' && !(letter = *compiler->text++))
            refuse(compiler, "a backslash at the end");
        set_add(compiler, step_append(compiler, STEP_SET), (unsigned char)letter);
    }
}

/* Takes {N}, {N,} or {N,M} if that comes next; -1 in *most: without end. */
static bool interval_take(struct compiler *compiler, int *least, int *most)
{
    const char *start = compiler->text;
    if (!operator_take(compiler, '{'))
        return false;
    char *end;
    *least = *most = (int)strtol(compiler->text, &end, 10);
    bool good = end > compiler->text && *least >= 0;
    if (good && *end == ',') {
        const char *second = end + 1;
        *most = isdigit((unsigned char)*second) ? (int)strtol(second, &end, 10) : -1;
        end = *most < 0 ? (char *)second : end;
    }
    compiler->text = end;
    if (good && operator_take(compiler, '}')) {
        if (*least > 1000 || *most > 1000 || (*most >= 0 && *most < *least))
            refuse(compiler, "a {} that is out of range");
        return true;
    }
    if (compiler->syntax == PATTERN_BASIC)
        refuse(compiler, "a \\{ without its \\}");
    compiler->text = start; /* a letter like others */
    return false;
}

/* Repeats what was compiled from `start` on. */
static void interval_compile(struct compiler *compiler, int start, int least, int most)
{
    struct pattern *pattern = compiler->pattern;
    int length = pattern->count - start, copies = most < 0 ? (least ? least : 1) : most;
    if (length * (copies + 1) > STEPS_MAX)
        refuse(compiler, "too large");
    struct step *block = malloc(((size_t)length + 1) * sizeof *block);
    if (!block)
        refuse(compiler, "not enough memory");
    memcpy(block, pattern->steps + start, (size_t)length * sizeof *block);
    pattern->count = start;
    for (int i = 0; i < copies; i++) {
        if (i >= least)
            split_insert(compiler, pattern->count, 1, length + 1 + (most < 0));
        for (int each = 0; each < length; each++)
            *step_append(compiler, block[each].kind) = block[each];
    }
    if (most < 0)
        split_insert(compiler, pattern->count, -length - (least == 0), 1);
    free(block);
}

static void repetitions_compile(struct compiler *compiler, int start)
{
    for (;;) {
        int length = compiler->pattern->count - start, least, most;
        if (operator_take(compiler, '*')) {
            split_insert(compiler, start, 1, length + 2);
            split_insert(compiler, compiler->pattern->count, -length - 1, -length - 1);
        } else if (operator_take(compiler, '+')) {
            split_insert(compiler, compiler->pattern->count, -length, 1);
        } else if (operator_take(compiler, '?')) {
            split_insert(compiler, start, 1, length + 1);
        } else if (interval_take(compiler, &least, &most)) {
            interval_compile(compiler, start, least, most);
        } else {
            return;
        }
    }
}

static void sequence_compile(struct compiler *compiler, int depth)
{
    for (bool at_front = true; *compiler->text; at_front = false) {
        if (operator_next(compiler, '|') || (depth > 0 && operator_next(compiler, ')')))
            return;
        int start = compiler->pattern->count;
        if (at_front && *compiler->text == '*' && compiler->syntax == PATTERN_BASIC)
            set_add(compiler, step_append(compiler, STEP_SET), *compiler->text++);
        else
            atom_compile(compiler, at_front, depth);
        repetitions_compile(compiler, start);
    }
}

static void alternation_compile(struct compiler *compiler, int depth)
{
    int start = compiler->pattern->count;
    if (depth > 100)
        refuse(compiler, "parentheses nested too deeply");
    sequence_compile(compiler, depth);
    if (!operator_take(compiler, '|'))
        return;
    split_insert(compiler, start, 1, compiler->pattern->count - start + 2);
    int jump = compiler->pattern->count;
    split_insert(compiler, jump, 0, 0);
    alternation_compile(compiler, depth);
    compiler->pattern->steps[jump].first = compiler->pattern->count - jump;
    compiler->pattern->steps[jump].second = compiler->pattern->count - jump;
}

struct pattern *pattern_compile(const char *text, enum pattern_syntax syntax, bool fold_case,
                                const char **reason)
{
    struct compiler compiler = {
        calloc(1, sizeof(struct pattern)), text, syntax, fold_case, NULL, {0}};
    struct pattern *pattern = compiler.pattern;
    *reason = "not enough memory";
    if (!pattern)
        return NULL;
    if (setjmp(compiler.refused)) {
        *reason = compiler.reason;
        return NULL;
    }
    alternation_compile(&compiler, 0);
    step_append(&compiler, STEP_MATCH);
    pattern->now = calloc((size_t)pattern->count, sizeof *pattern->now);
    pattern->next = calloc((size_t)pattern->count, sizeof *pattern->next);
    pattern->seen = calloc((size_t)pattern->count, sizeof *pattern->seen);
    return pattern->now && pattern->next && pattern->seen ? pattern : NULL;
}

/* Where a walk over a line is: the bytes on both sides of it, -1 beyond the line's ends. */
struct place {
    int before, after;
};

static struct place place_at(const char *line, size_t length, size_t at)
{
    return (struct place){at > 0 ? (unsigned char)line[at - 1] : -1,
                          at < length ? (unsigned char)line[at] : -1};
}

/* Puts a step on the list, or what it leads to without a byte. True if the pattern's end can be
   reached. */
static bool step_reach(struct pattern *pattern, int *list, int *count, int at, struct place place)
{
    struct step *step = pattern->steps + at;
    bool ends = false;
    if (pattern->seen[at] == pattern->round)
        return false;
    pattern->seen[at] = pattern->round;
    switch (step->kind) {
    case STEP_MATCH:
        return true;
    case STEP_LINE_START:
        return place.before < 0 && step_reach(pattern, list, count, at + 1, place);
    case STEP_LINE_END:
        return place.after < 0 && step_reach(pattern, list, count, at + 1, place);
    case STEP_SPLIT:
        ends = step_reach(pattern, list, count, at + step->first, place);
        return step_reach(pattern, list, count, at + step->second, place) || ends;
    case STEP_SAVE:
        return step_reach(pattern, list, count, at + 1, place);
    case STEP_SET:
        list[(*count)++] = at;
    }
    return false;
}

/* Takes the byte before `place`: what can be reached after it takes the place of what could be
   before. True as step_reach(). */
static bool byte_take(struct pattern *pattern, int *count, struct place place)
{
    int next_count = 0, byte = place.before;
    bool ends = false;
    pattern->round++;
    for (int each = 0; each < *count; each++) {
        int at = pattern->now[each];
        if (pattern->steps[at].set[byte / 8] >> byte % 8 & 1)
            ends |= step_reach(pattern, pattern->next, &next_count, at + 1, place);
    }
    int *swapped = pattern->now;
    pattern->now = pattern->next;
    pattern->next = swapped;
    *count = next_count;
    return ends;
}

bool pattern_find(struct pattern *pattern, const char *line, size_t length)
{
    int count = 0;
    pattern->round++;
    for (size_t i = 0;; i++) {
        struct place place = place_at(line, length, i);
        if (step_reach(pattern, pattern->now, &count, 0, place))
            return true;
        if (i == length)
            return false;
        if (byte_take(pattern, &count, place_at(line, length, i + 1)))
            return true;
    }
}

static bool is_word(int byte)
{
    return byte >= 0 && (isalnum(byte) || byte == '_');
}

/* May a match begin, or end, here? */
static bool place_is_good(struct place place, enum pattern_extent extent, bool end)
{
    if (extent == PATTERN_LINE)
        return (end ? place.after : place.before) < 0;
    return extent == PATTERN_ANY || !is_word(end ? place.after : place.before);
}

bool pattern_match(struct pattern *pattern, const char *line, size_t length,
                   enum pattern_extent extent, size_t from, size_t *start, size_t *end)
{
    for (*start = from; *start <= length; ++*start) {
        struct place place = place_at(line, length, *start);
        int count = 0;
        bool found = false;
        if (!place_is_good(place, extent, false))
            continue;
        pattern->round++;
        bool ends = step_reach(pattern, pattern->now, &count, 0, place);
        for (size_t at = *start;; at++) {
            if (ends && place_is_good(place, extent, true)) {
                *end = at;
                found = true;
            }
            if (at == length || count == 0)
                break;
            place = place_at(line, length, at + 1);
            ends = byte_take(pattern, &count, place);
        }
        if (found)
            return true;
    }
    return false;
}

// ---- Groups: the same walk, each way through it with the places that it has noted ----

struct ways {
    int *steps, count;
    long (*places)[PATTERN_PLACES]; /* of each */
};

/* As step_reach(), with the places of the way; who comes first keeps a step. True if the pattern's
   end is reached, with *result. */
static long passed_over[PATTERN_PLACES]; /* what came second */

static bool way_follow(struct pattern *pattern, struct ways *ways, int at, struct place place,
                       long offset, long places[PATTERN_PLACES], long result[PATTERN_PLACES])
{
    struct step *step = pattern->steps + at;
    bool ends;
    if (pattern->seen[at] == pattern->round)
        return false;
    pattern->seen[at] = pattern->round;
    switch (step->kind) {
    case STEP_MATCH:
        memcpy(result, places, PATTERN_PLACES * sizeof *result);
        return true;
    case STEP_LINE_START:
        return place.before < 0 && way_follow(pattern, ways, at + 1, place, offset, places, result);
    case STEP_LINE_END:
        return place.after < 0 && way_follow(pattern, ways, at + 1, place, offset, places, result);
    case STEP_SPLIT:
        ends = way_follow(pattern, ways, at + step->first, place, offset, places, result);
        return way_follow(pattern, ways, at + step->second, place, offset, places,
                          ends ? passed_over : result) ||
               ends;
    case STEP_SAVE:
        if (step->first >= PATTERN_PLACES)
            return way_follow(pattern, ways, at + 1, place, offset, places, result);
        long before = places[step->first];
        places[step->first] = offset;
        ends = way_follow(pattern, ways, at + 1, place, offset, places, result);
        places[step->first] = before;
        return ends;
    case STEP_SET:
        ways->steps[ways->count] = at;
        memcpy(ways->places[ways->count++], places, PATTERN_PLACES * sizeof *places);
    }
    return false;
}

static bool ways_begin(struct ways *ways, int room)
{
    *ways = (struct ways){calloc((size_t)room, sizeof *ways->steps), 0,
                          calloc((size_t)room, sizeof *ways->places)};
    return ways->steps && ways->places;
}

bool pattern_groups(struct pattern *pattern, const char *line, size_t length, size_t start,
                    size_t end, long places[PATTERN_PLACES])
{
    struct ways now, next;
    long none[PATTERN_PLACES];
    bool found = false, good = ways_begin(&now, pattern->count) & ways_begin(&next, pattern->count);
    memset(none, -1, sizeof none);
    pattern->round++;
    if (good)
        found =
            way_follow(pattern, &now, 0, place_at(line, length, start), (long)start, none, places);
    for (size_t at = start; good && at < end; at++) {
        unsigned char byte = (unsigned char)line[at];
        struct place place = place_at(line, length, at + 1);
        pattern->round++;
        found = false;
        next.count = 0;
        /* At the end only the first way that gets there counts, and none beyond it matters. */
        for (int i = 0; i < now.count && !(found && at + 1 == end); i++)
            if (pattern->steps[now.steps[i]].set[byte / 8] >> byte % 8 & 1)
                found |= way_follow(pattern, &next, now.steps[i] + 1, place, (long)at + 1,
                                    now.places[i], places);
        struct ways swapped = now;
        now = next;
        next = swapped;
    }
    places[0] = (long)start;
    places[1] = (long)end;
    free(now.steps);
    free(now.places);
    free(next.steps);
    free(next.places);
    return found;
}
