// SPDX-License-Identifier: MIT
#include "pattern.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum step_kind { STEP_SET, STEP_LINE_START, STEP_LINE_END, STEP_SPLIT, STEP_MATCH };

/* SPLIT goes on at `first` and `second` (a jump: both the same), counted from itself. */
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
        alternation_compile(compiler, depth + 1);
        if (!operator_take(compiler, ')'))
            refuse(compiler, "a ( without its )");
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

static void repetitions_compile(struct compiler *compiler, int start)
{
    for (;;) {
        int length = compiler->pattern->count - start;
        if (operator_take(compiler, '*')) {
            split_insert(compiler, start, 1, length + 2);
            split_insert(compiler, compiler->pattern->count, -length - 1, -length - 1);
        } else if (operator_take(compiler, '+')) {
            split_insert(compiler, compiler->pattern->count, -length, 1);
        } else if (operator_take(compiler, '?')) {
            split_insert(compiler, start, 1, length + 1);
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
