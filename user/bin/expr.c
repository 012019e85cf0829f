// SPDX-License-Identifier: MIT
// expr: works out an expression of whole numbers and texts, a word each. Exit status 0: the result
// is neither empty nor 0, 1: it is, 2: it is no expression.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pattern.h"
#include "tool.h"

static char **next; /* the word to be read; ends with NULL */

static const char *either_evaluate(void);

static const char *text_keep(const char *text, size_t length)
{
    char *copy = strndup(text, length);
    if (!copy)
        tool_fail("memory");
    return copy;
}

static const char *number_text(long number)
{
    char text[24];
    return text_keep(text, (size_t)snprintf(text, sizeof text, "%ld", number));
}

static bool number_read(const char *text, long *number)
{
    char *end;
    errno = 0;
    *number = strtol(text, &end, 10);
    return end > text && !*end && !errno && *text != ' ' && *text != '+';
}

static long number_take(const char *text)
{
    long number;
    if (!number_read(text, &number))
        tool_usage_error("%s: not a whole number", text);
    return number;
}

static bool is_true(const char *text)
{
    long number;
    return *text && !(number_read(text, &number) && number == 0);
}

static const char *word_take(void)
{
    if (!*next)
        tool_usage_error("an operand is missing at the end");
    return *next++;
}

/* Which of the words comes next, and moves on behind it; -1: none. */
static int operator_take(const char *const *all)
{
    for (int i = 0; *next && all[i]; i++)
        if (strcmp(*next, all[i]) == 0) {
            next++;
            return i;
        }
    return -1;
}

// ---- Texts ----

static struct pattern *pattern_make(const char *text)
{
    const char *reason;
    struct pattern *pattern = pattern_compile(text, PATTERN_BASIC, false, &reason);
    if (!pattern)
        tool_usage_error("%s: %s", text, reason);
    return pattern;
}

/* TEXT : PATTERN, from the beginning of the text: what the group matches, or how many letters the
   pattern does. */
static const char *text_match(const char *text, const char *pattern)
{
    size_t length = strlen(text), start, end;
    long places[PATTERN_PLACES];
    struct pattern *compiled = pattern_make(pattern);
    bool found = pattern_match(compiled, text, length, PATTERN_ANY, 0, &start, &end) && start == 0;
    if (!strstr(pattern, "\\("))
        return number_text(found ? (long)end : 0);
    if (!found || !pattern_groups(compiled, text, length, start, end, places) || places[2] < 0)
        return "";
    return text_keep(text + places[2], (size_t)(places[3] - places[2]));
}

static const char *part_cut(const char *text, long first, long count)
{
    long length = (long)strlen(text);
    if (first < 1 || first > length || count < 1)
        return "";
    long rest = length - first + 1;
    return text_keep(text + first - 1, (size_t)(count < rest ? count : rest));
}

// ---- The grammar ----

static const char *value_take(void)
{
    static const char *const words[] = {"(", "length", "substr", "index", "+", NULL};
    int which = *next && next[1] ? operator_take(words) : -1;
    if (which < 0)
        return word_take();
    if (which == 0) {
        const char *result = either_evaluate();
        if (!*next || strcmp(*next++, ")") != 0)
            tool_usage_error("a ( without its )");
        return result;
    }
    if (which == 4)
        return word_take(); /* + WORD: the word, whatever it looks like */
    const char *text = value_take();
    if (which == 1)
        return number_text((long)strlen(text));
    if (which == 3) {
        size_t place = strcspn(text, value_take());
        return number_text(text[place] ? (long)place + 1 : 0);
    }
    long first = number_take(value_take()), count = number_take(value_take());
    return part_cut(text, first, count);
}

static const char *match_evaluate(void)
{
    static const char *const words[] = {":", NULL};
    const char *result = value_take();
    while (operator_take(words) == 0)
        result = text_match(result, value_take());
    return result;
}

/* Division by -1 is a subtraction: that of the smallest number has no other result. */
static long quotient(long a, long b, bool rest)
{
    if (b == 0)
        tool_usage_error("division by zero");
    if (b == -1 && !rest && __builtin_sub_overflow(0, a, &a))
        tool_usage_error("too large a result");
    if (b == -1)
        return rest ? 0 : a;
    return rest ? a % b : a / b;
}

static const char *product_evaluate(void)
{
    static const char *const words[] = {"*", "/", "%", NULL};
    const char *result = match_evaluate();
    for (int which; (which = operator_take(words)) >= 0;) {
        long a = number_take(result), b = number_take(match_evaluate());
        if (which > 0)
            a = quotient(a, b, which == 2);
        else if (__builtin_mul_overflow(a, b, &a))
            tool_usage_error("too large a result");
        result = number_text(a);
    }
    return result;
}

static const char *sum_evaluate(void)
{
    static const char *const words[] = {"+", "-", NULL};
    const char *result = product_evaluate();
    for (int which; (which = operator_take(words)) >= 0;) {
        long a = number_take(result), b = number_take(product_evaluate());
        if (which == 0 ? __builtin_add_overflow(a, b, &a) : __builtin_sub_overflow(a, b, &a))
            tool_usage_error("too large a result");
        result = number_text(a);
    }
    return result;
}

/* By value where both are numbers, else as texts. */
static const char *comparison_evaluate(void)
{
    static const char *const words[] = {"=", "!=", "<", "<=", ">", ">=", "==", NULL};
    const char *result = sum_evaluate();
    for (int which; (which = operator_take(words)) >= 0;) {
        const char *other = sum_evaluate();
        long a, b;
        int order = number_read(result, &a) && number_read(other, &b) ? (a > b) - (a < b)
                                                                      : strcmp(result, other);
        const bool answers[] = {order == 0, order != 0, order<0, order <= 0, order> 0, order >= 0,
                                order == 0};
        result = answers[which] ? "1" : "0";
    }
    return result;
}

static const char *both_evaluate(void)
{
    static const char *const words[] = {"&", NULL};
    const char *result = comparison_evaluate();
    while (operator_take(words) == 0) {
        const char *other = comparison_evaluate();
        result = is_true(result) && is_true(other) ? result : "0";
    }
    return result;
}

static const char *either_evaluate(void)
{
    static const char *const words[] = {"|", NULL};
    const char *result = both_evaluate();
    while (operator_take(words) == 0) {
        const char *other = both_evaluate();
        result = is_true(result) ? result : is_true(other) ? other : "0";
    }
    return result;
}

int main(int argc, char **argv)
{
    tool_begin("expr", "EXPRESSION");
    tool_help_alone(argc, argv);
    next = argv + 1;
    if (*next && strcmp(*next, "--") == 0)
        next++;
    const char *result = either_evaluate();
    if (*next)
        tool_usage_error("%s: not expected here", *next);
    puts(result);
    return tool_status() ? 2 : !is_true(result);
}
