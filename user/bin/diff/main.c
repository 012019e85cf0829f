// SPDX-License-Identifier: MIT
// diff: the lines in which two files differ. Exit status 0: none, 1: some, 2: trouble. -u:
// unified, with 3 lines around each change or -U N of them, -q: only whether they differ, -b:
// blanks do not count beyond the first.
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "diff.h"
#include "tool.h"

#define CONTEXT 3
#define TROUBLE 2

static bool texts_differ(const struct text *left, const struct text *right)
{
    for (long i = 0; i < left->count; i++)
        if (left->changed[i])
            return true;
    for (long i = 0; i < right->count; i++)
        if (right->changed[i])
            return true;
    return false;
}

/* The operand, or the file of that name in it where it is a folder and the other is none. */
static const char *path_choose(const char *operand, const char *other, char *room, size_t size)
{
    struct stat info;
    const char *name = other;
    if (stat(operand, &info) < 0 || !S_ISDIR(info.st_mode))
        return operand;
    for (const char *at = other; *at; at++)
        if (*at == '/')
            name = at + 1;
    return tool_path(room, size, operand, name) ? room : operand;
}

int main(int argc, char **argv)
{
    static struct text left, right;
    static char left_path[4096], right_path[4096];
    bool unified = false, brief = false, fold_blanks = false;
    long context = CONTEXT;
    tool_begin("diff", "[-bqu] [-U LINES] FILE FILE");
    for (int letter; (letter = tool_option(argc, argv, "bquU:")) >= 0;) {
        fold_blanks |= letter == 'b';
        brief |= letter == 'q';
        unified |= letter == 'u' || letter == 'U';
        if (letter == 'U' && !tool_number(optarg, 0, 1L << 30, &context))
            tool_usage_error("%s: not a number of lines", optarg);
    }
    if (argc - optind != 2)
        tool_usage_error("two files are needed");
    const char *a = argv[optind], *b = argv[optind + 1];
    if (!text_read(&left, path_choose(a, b, left_path, sizeof left_path)) ||
        !text_read(&right, path_choose(b, a, right_path, sizeof right_path)))
        return TROUBLE;
    texts_classify(&left, &right, fold_blanks);
    texts_compare(&left, &right);
    if (!texts_differ(&left, &right))
        return tool_status() ? TROUBLE : 0;
    if (brief)
        printf("Files %s and %s differ\n", a, b);
    else if (unified)
        differences_print_unified(&left, &right, context);
    else
        differences_print(&left, &right);
    return tool_status() ? TROUBLE : 1;
}
