// SPDX-License-Identifier: MIT
// diff: the lines in which two files differ. Exit status 0: none, 1: some, 2: trouble. -u:
// unified, with 3 lines around each change or -U N of them, -q: only whether they differ, -b:
// blanks do not count beyond the first, -r: all files of two folders, -N: what only one of them has
// is an empty file in the other.
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "diff.h"
#include "folder.h"
#include "tool.h"

#define CONTEXT 3
#define SAME    0
#define DIFFER  1
#define TROUBLE 2

static struct {
    bool unified, brief, fold_blanks, recursive, absent_empty;
    long context;
    char words[256]; /* as they were given, for the titles of files in folders */
} options = {.context = CONTEXT};

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

static void differences_tell(const struct text *left, const struct text *right, bool with_title)
{
    if (options.brief) {
        printf("Files %s and %s differ\n", left->path, right->path);
    } else if (left->binary || right->binary) {
        printf("Binary files %s and %s differ\n", left->path, right->path);
    } else {
        if (with_title)
            printf("diff%s %s %s\n", options.words, left->path, right->path);
        if (options.unified)
            differences_print_unified(left, right, options.context);
        else
            differences_print(left, right);
    }
}

/* Either path may be NULL: an empty file. */
static int files_compare(const char *a, const char *b, bool with_title)
{
    struct text left, right;
    if (!text_read(&left, a))
        return TROUBLE;
    if (!text_read(&right, b)) {
        text_free(&left);
        return TROUBLE;
    }
    texts_classify(&left, &right, options.fold_blanks);
    texts_compare(&left, &right);
    bool differ = texts_differ(&left, &right);
    if (differ)
        differences_tell(&left, &right, with_title);
    text_free(&left);
    text_free(&right);
    return differ ? DIFFER : SAME;
}

// ---- Folders ----

static int folders_compare(const char *a, const char *b);

static int worse(int a, int b)
{
    return a > b ? a : b;
}

/* What both folders have under one name. */
static int pair_compare(const char *a, const char *b)
{
    struct stat left, right;
    if (stat(a, &left) < 0 || stat(b, &right) < 0) {
        tool_error(stat(a, &left) < 0 ? a : b);
        return TROUBLE;
    }
    bool folders = S_ISDIR(left.st_mode) && S_ISDIR(right.st_mode);
    if (folders && options.recursive)
        return folders_compare(a, b);
    if (S_ISREG(left.st_mode) && S_ISREG(right.st_mode))
        return files_compare(a, b, true);
    if (folders)
        printf("Common subdirectories: %s and %s\n", a, b);
    if (folders ||
        ((left.st_mode & S_IFMT) == (right.st_mode & S_IFMT) && left.st_rdev == right.st_rdev))
        return SAME; /* so is a device */
    printf("%s and %s are not of one kind\n", a, b);
    return DIFFER;
}

/* What only one folder has. */
static int single_tell(const char *folder, const char *name, bool on_the_left)
{
    char path[4096];
    struct stat info;
    if (options.absent_empty && tool_path(path, sizeof path, folder, name) &&
        stat(path, &info) == 0 && S_ISREG(info.st_mode))
        return files_compare(on_the_left ? path : NULL, on_the_left ? NULL : path, true);
    printf("Only in %s: %s\n", folder, name);
    return DIFFER;
}

static int both_tell(const char *a, const char *b, const char *name)
{
    char left[4096], right[4096];
    if (!tool_path(left, sizeof left, a, name) || !tool_path(right, sizeof right, b, name))
        return TROUBLE;
    return pair_compare(left, right);
}

static int names_compare(const char *a, char **left, size_t lefts, const char *b, char **right,
                         size_t rights)
{
    int result = SAME;
    for (size_t i = 0, j = 0; i < lefts || j < rights;) {
        int order = i == lefts ? 1 : j == rights ? -1 : strcmp(left[i], right[j]);
        if (order < 0)
            result = worse(result, single_tell(a, left[i], true));
        else if (order > 0)
            result = worse(result, single_tell(b, right[j], false));
        else
            result = worse(result, both_tell(a, b, left[i]));
        i += order <= 0;
        j += order >= 0;
        tool_output_check();
    }
    return result;
}

static int folders_compare(const char *a, const char *b)
{
    size_t lefts, rights;
    char **left = folder_names(a, &lefts);
    if (!left) {
        tool_error(a);
        return TROUBLE;
    }
    char **right = folder_names(b, &rights);
    int result = right ? names_compare(a, left, lefts, b, right, rights) : TROUBLE;
    if (right)
        folder_names_free(right, rights);
    else
        tool_error(b);
    folder_names_free(left, lefts);
    return result;
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

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Adds an option to those that titles repeat. */
static void option_note(int letter)
{
    size_t length = strlen(options.words);
    char *end = options.words + length;
    if (letter == 'U')
        snprintf(end, sizeof options.words - length, " -U %ld", options.context);
    else
        snprintf(end, sizeof options.words - length, " -%c", letter);
}

int main(int argc, char **argv)
{
    static char left_path[4096], right_path[4096];
    int result;
    tool_begin("diff", "[-Nbqru] [-U LINES] FILE FILE, or diff [-Nbqru] [-U LINES] FOLDER FOLDER");
    for (int letter; (letter = tool_option(argc, argv, "NbqruU:")) >= 0;) {
        options.fold_blanks |= letter == 'b';
        options.brief |= letter == 'q';
        options.recursive |= letter == 'r';
        options.absent_empty |= letter == 'N';
        options.unified |= letter == 'u' || letter == 'U';
        if (letter == 'U' && !tool_number(optarg, 0, 1L << 30, &options.context))
            tool_usage_error("%s: not a number of lines", optarg);
        option_note(letter);
    }
    if (argc - optind != 2)
        tool_usage_error("two files are needed");
    const char *a = argv[optind], *b = argv[optind + 1];
    if (is_folder(a) && is_folder(b))
        result = folders_compare(a, b);
    else
        result = files_compare(path_choose(a, b, left_path, sizeof left_path),
                               path_choose(b, a, right_path, sizeof right_path), false);
    return tool_status() ? TROUBLE : result;
}
