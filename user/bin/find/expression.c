// SPDX-License-Identifier: MIT
// The expression is read anew for each entry; a part whose answer no longer matters is passed over
// with `active` off, which is also how it is checked before the first entry.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "find.h"
#include "folder.h"
#include "glob.h"
#include "progress.h"
#include "tool.h"

static char **words, **next; /* all, and what comes next of them */
static struct walk_limits *limits;
static const struct entry *entry; /* NULL while the expression is checked */
static bool acts;                 /* there is something in it that prints or does */
static bool pruned;               /* what is in the entry is not wanted */

static bool word_take(const char *word)
{
    if (!*next || strcmp(*next, word) != 0)
        return false;
    next++;
    return true;
}

static char *value_take(const char *test)
{
    if (!*next)
        tool_usage_error("%s: a value is needed", test);
    return *next++;
}

static long depth_take(const char *test)
{
    long depth;
    char *text = value_take(test);
    if (!tool_number(text, 0, 1L << 30, &depth))
        tool_usage_error("%s: not a depth", text);
    return depth;
}

// ---- Tests ----

static bool type_test(const char *letters)
{
    static const char known[] = "fdlbcps";
    static const mode_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK};
    const char *found = letters[0] && !letters[1] ? strchr(known, letters[0]) : NULL;
    if (!found)
        tool_usage_error("%s: the type is one of %s", letters, known);
    return entry && (entry->info->st_mode & S_IFMT) == types[found - known];
}

/* +N: more than N, -N: less, N: exactly; of 512 bytes, or with a suffix of that unit. */
static bool size_test(const char *text)
{
    char sign = *text == '+' || *text == '-' ? *text++ : 0, digits[24];
    size_t length = strspn(text, "0123456789");
    const char *units = "ckMG", *unit = text[length] ? strchr(units, text[length]) : NULL;
    long wanted, size = unit ? 1L << 10 * (unit - units) : 512;
    if (!length || length >= sizeof digits || (text[length] && (!unit || text[length + 1])))
        tool_usage_error("%s: not a size (100c, +4k, -1M)", text);
    memcpy(digits, text, length);
    digits[length] = 0;
    if (!tool_number(digits, 0, 1L << 60, &wanted))
        tool_usage_error("%s: not a size", text);
    if (!entry)
        return false;
    long found = (long)((entry->info->st_size + size - 1) / size);
    return sign == '+' ? found > wanted : sign == '-' ? found < wanted : found == wanted;
}

/* How long ago the time was, in whole units of seconds: +N, -N or N as for sizes. */
static bool age_test(const char *text, const struct timespec *when, long unit)
{
    static struct timespec now;
    long wanted;
    char sign = *text == '+' || *text == '-' ? *text++ : 0;
    if (!isdigit((unsigned char)*text) || !tool_number(text, 0, 1L << 40, &wanted))
        tool_usage_error("%s: not an age (7, +7, -7)", text);
    if (!now.tv_sec)
        clock_gettime(CLOCK_REALTIME, &now);
    if (!when)
        return false;
    long seconds = now.tv_sec - when->tv_sec - (now.tv_nsec < when->tv_nsec);
    long found = seconds < 0 ? -1 : seconds / unit;
    return sign == '+' ? found > wanted : sign == '-' ? found < wanted : found == wanted;
}

static bool newer_test(const char *path)
{
    struct stat other;
    if (stat(path, &other) < 0)
        tool_fail(path);
    if (!entry)
        return false;
    const struct timespec *a = &entry->info->st_mtim, *b = &other.st_mtim;
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static bool empty_test(void)
{
    size_t count;
    if (!entry || !S_ISDIR(entry->info->st_mode))
        return entry && S_ISREG(entry->info->st_mode) && entry->info->st_size == 0;
    char **names = folder_names(entry->path, &count);
    if (!names) {
        tool_error(entry->path);
        return false;
    }
    folder_names_free(names, count);
    return count == 0;
}

// ---- Actions ----

static bool entry_delete(void)
{
    if (strcmp(entry->name, ".") == 0)
        return true;
    bool folder = S_ISDIR(entry->info->st_mode);
    return (folder ? rmdir : unlink)(entry->path) == 0 || tool_error(entry->path) == 0;
}

static void path_print(char end)
{
    progress_pause();
    fputs(entry->path, stdout);
    putchar(end);
    tool_output_check();
}

static bool action_run(const char *word, bool active)
{
    acts = true;
    if (strcmp(word, "-exec") == 0)
        return command_take(&next, active ? entry : NULL);
    if (!active)
        return false;
    if (strcmp(word, "-delete") == 0)
        return entry_delete();
    path_print(strcmp(word, "-print0") == 0 ? 0 : '\n');
    return true;
}

// ---- The grammar ----

static bool either_evaluate(bool active);

/* Words about the walk: true for each entry. */
static bool limit_take(const char *word)
{
    if (strcmp(word, "-maxdepth") == 0)
        limits->most_depth = depth_take(word);
    else if (strcmp(word, "-mindepth") == 0)
        limits->least_depth = depth_take(word);
    else if (strcmp(word, "-depth") == 0)
        limits->folders_last = true;
    else
        return false;
    return true;
}

static bool test_evaluate(bool active)
{
    if (!*next)
        tool_usage_error("the expression ends too soon");
    const char *word = *next++;
    limits->folders_last |= strcmp(word, "-delete") == 0;
    if (limit_take(word))
        return true;
    if (strcmp(word, "-name") == 0 || strcmp(word, "-iname") == 0) {
        const char *pattern = value_take(word);
        return entry && glob_match(pattern, entry->name, word[1] == 'i');
    }
    if (strcmp(word, "-path") == 0) {
        const char *pattern = value_take(word);
        return entry && glob_match(pattern, entry->path, false);
    }
    if (strcmp(word, "-type") == 0)
        return type_test(value_take(word));
    if (strcmp(word, "-size") == 0)
        return size_test(value_take(word));
    if (strcmp(word, "-mtime") == 0)
        return age_test(value_take(word), entry ? &entry->info->st_mtim : NULL, 86400);
    if (strcmp(word, "-mmin") == 0)
        return age_test(value_take(word), entry ? &entry->info->st_mtim : NULL, 60);
    if (strcmp(word, "-prune") == 0) {
        pruned |= active;
        return true;
    }
    if (strcmp(word, "-newer") == 0)
        return newer_test(value_take(word));
    if (strcmp(word, "-empty") == 0)
        return empty_test();
    static const char *const actions[] = {"-print", "-print0", "-delete", "-exec"};
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(word, actions[i]) == 0)
            return action_run(word, active);
    tool_usage_error("%s: no such test or action", word);
}

static bool part_evaluate(bool active)
{
    if (word_take("!") || word_take("-not"))
        return !part_evaluate(active);
    if (!word_take("("))
        return test_evaluate(active);
    bool result = either_evaluate(active);
    if (!word_take(")"))
        tool_usage_error("a ( without its )");
    return result;
}

static bool all_evaluate(bool active)
{
    bool result = part_evaluate(active);
    while (*next && strcmp(*next, ")") != 0 && strcmp(*next, "-o") != 0) {
        word_take("-a");
        result = part_evaluate(active && result) && result;
    }
    return result;
}

static bool either_evaluate(bool active)
{
    bool result = all_evaluate(active);
    while (word_take("-o"))
        result = all_evaluate(active && !result) || result;
    return result;
}

void expression_begin(char **all, struct walk_limits *walk)
{
    next = words = all;
    limits = walk;
    if (!*words)
        return;
    either_evaluate(false);
    if (*next)
        tool_usage_error("%s: not expected here", *next);
}

bool expression_run(const struct entry *at)
{
    entry = at;
    next = words;
    pruned = false;
    bool result = !*words || either_evaluate(true);
    if (result && !acts)
        path_print('\n');
    return !pruned;
}
