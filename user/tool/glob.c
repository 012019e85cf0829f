// SPDX-License-Identifier: MIT
#include "glob.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static int letter_fold(int letter, bool fold_case)
{
    return fold_case ? tolower((unsigned char)letter) : (unsigned char)letter;
}

/* After the opening bracket: does the set have the letter? *end receives what follows the set, or
   NULL where it never closes, and the bracket is a letter like others. */
static bool set_has(const char *set, int letter, bool fold_case, const char **end)
{
    bool inverted = *set == '!' || *set == '^', found = false;
    set += inverted;
    for (const char *start = set; *set != ']' || set == start; set++) {
        if (!*set) {
            *end = NULL;
            return false;
        }
        int low = letter_fold(*set, fold_case), high = low;
        if (set[1] == '-' && set[2] && set[2] != ']') {
            high = letter_fold(set[2], fold_case);
            set += 2;
        }
        found |= low <= letter && letter <= high;
    }
    *end = set + 1;
    return found != inverted;
}

/* Does the first element of the pattern, no star, describe the letter? *next: what is behind it. */
static bool element_match(const char *pattern, int letter, bool fold_case, const char **next)
{
    letter = letter_fold(letter, fold_case);
    if (*pattern == '?') {
        *next = pattern + 1;
        return true;
    }
    if (*pattern == '[') {
        bool has = set_has(pattern + 1, letter, fold_case, next);
        if (*next)
            return has;
    }
    if (*pattern == '\\' && pattern[1])
        pattern++;
    *next = pattern + 1;
    return letter_fold(*pattern, fold_case) == letter;
}

/* Only the last star ever needs another try: what came before it took as little as it could. */
bool glob_match(const char *pattern, const char *name, bool fold_case)
{
    const char *star = NULL, *tried = NULL, *next;
    while (*name) {
        if (*pattern == '*') {
            star = ++pattern;
            tried = name;
        } else if (*pattern && element_match(pattern, *name, fold_case, &next)) {
            pattern = next;
            name++;
        } else if (star) {
            pattern = star;
            name = ++tried;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == 0;
}
