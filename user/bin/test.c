// SPDX-License-Identifier: MIT
// test, and [ with a closing bracket: exit status 0 if the expression holds, 1 if not, 2 if it is
// none.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool.h"

static char **next; /* the word to be read; ends with NULL */

static bool expression_or(void);

static const char *word_take(void)
{
    if (!*next)
        tool_usage_error("an operand is missing at the end");
    return *next++;
}

static bool word_skip(const char *text)
{
    if (!*next || strcmp(*next, text) != 0)
        return false;
    next++;
    return true;
}

static long number_parse(const char *text)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end || errno)
        tool_usage_error("%s: not a number", text);
    return number;
}

static bool file_test(char letter, const char *path)
{
    struct stat info;
    if ((letter == 'h' || letter == 'L' ? lstat : stat)(path, &info) < 0)
        return false;
    switch (letter) {
    case 'f':
        return S_ISREG(info.st_mode);
    case 'd':
        return S_ISDIR(info.st_mode);
    case 'b':
        return S_ISBLK(info.st_mode);
    case 'c':
        return S_ISCHR(info.st_mode);
    case 'p':
        return S_ISFIFO(info.st_mode);
    case 'h':
    case 'L':
        return S_ISLNK(info.st_mode);
    case 's':
        return info.st_size > 0;
    case 'r':
        return access(path, R_OK) == 0;
    case 'w':
        return access(path, W_OK) == 0;
    case 'x':
        return access(path, X_OK) == 0;
    }
    return true; /* -e */
}

static bool unary_test(char letter, const char *operand)
{
    if (letter == 'n' || letter == 'z')
        return (*operand != 0) == (letter == 'n');
    if (letter == 't')
        return isatty((int)number_parse(operand));
    return file_test(letter, operand);
}

static bool file_newer(const char *left, const char *right)
{
    struct stat a, b;
    if (stat(left, &a) < 0 || stat(right, &b) < 0)
        return false;
    return a.st_mtim.tv_sec != b.st_mtim.tv_sec ? a.st_mtim.tv_sec > b.st_mtim.tv_sec
                                                : a.st_mtim.tv_nsec > b.st_mtim.tv_nsec;
}

static bool binary_is(const char *word)
{
    static const char *const all[] = {"=",   "==",  "!=",  "-eq", "-ne", "-lt",
                                      "-le", "-gt", "-ge", "-nt", "-ot"};
    for (size_t i = 0; word && i < sizeof all / sizeof *all; i++)
        if (strcmp(word, all[i]) == 0)
            return true;
    return false;
}

static bool binary_test(const char *left, const char *operator, const char * right)
{
    if (operator[0] != '-')
        return (strcmp(left, right) == 0) == (operator[0] == '=');
    if (strcmp(operator, "-nt") == 0)
        return file_newer(left, right);
    if (strcmp(operator, "-ot") == 0)
        return file_newer(right, left);
    long a = number_parse(left), b = number_parse(right);
    switch (operator[1] << 8 | operator[2]) {
    case 'e' << 8 | 'q':
        return a == b;
    case 'n' << 8 | 'e':
        return a != b;
    case 'l' << 8 | 't':
        return a < b;
    case 'l' << 8 | 'e':
        return a <= b;
    case 'g' << 8 | 't':
        return a > b;
    }
    return a >= b;
}

static bool expression_primary(void)
{
    if (*next && binary_is(next[1]) && next[2]) {
        next += 3;
        return binary_test(next[-3], next[-2], next[-1]);
    }
    if (next[0] && next[1] && word_skip("!"))
        return !expression_primary();
    if (next[0] && next[1] && word_skip("(")) {
        bool result = expression_or();
        if (!word_skip(")"))
            tool_usage_error("a closing parenthesis is missing");
        return result;
    }
    const char *word = word_take();
    if (*next && word[0] == '-' && word[1] && !word[2] && strchr("nztefdbcphLsrwx", word[1]))
        return unary_test(word[1], *next++);
    return *word != 0;
}

static bool expression_and(void)
{
    bool result = expression_primary();
    while (word_skip("-a"))
        result = expression_primary() && result;
    return result;
}

static bool expression_or(void)
{
    bool result = expression_and();
    while (word_skip("-o"))
        result = expression_and() || result;
    return result;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    bool bracket = strcmp(slash ? slash + 1 : argv[0], "[") == 0;
    tool_begin(bracket ? "[" : "test", bracket ? "EXPRESSION ]" : "EXPRESSION, or [ EXPRESSION ]");
    tool_help_alone(argc, argv);
    if (bracket && (argc < 2 || strcmp(argv[--argc], "]") != 0))
        tool_usage_error("the closing ] is missing");
    argv[argc] = NULL;
    next = argv + 1;
    if (!*next)
        return 1;
    bool result = expression_or();
    if (*next)
        tool_usage_error("%s: not expected here", *next);
    return !result;
}
