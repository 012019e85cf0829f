// SPDX-License-Identifier: MIT
// grep: prints the lines of files that match a pattern. Exit status 0: some, 1: none, 2: trouble.
// -i: either case, -v: lines that do not match, -w: whole words, -x: whole lines, -n: with line
// numbers, -o: only the parts that match, -A -B -C: lines around, -m: so many of each file, -c:
// only their count, -l and -L: only the names of files with and without, -q: nothing, -E: extended
// expression, -F: plain text, -r: all files of folders, -h and -H: without and with the file's name
// in front.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"
#include "grep.h"
#include "progress.h"
#include "tool.h"

#define TEXTS_MAX 64

struct options options = {.with_name = -1, .most = -1};

static bool found, several;

static void file_search(int file, const char *path)
{
    FILE *stream = fdopen(dup(file), "r");
    if (!stream) {
        tool_error(path);
        return;
    }
    bool named = options.with_name > 0 || (options.with_name < 0 && several);
    long count = stream_search(stream, named ? path : NULL);
    if (ferror(stream))
        tool_error(path);
    fclose(stream);
    bool listed = options.names_without ? count == 0 : count > 0;
    found |= options.names_without ? listed : count > 0;
    if (options.quiet)
        return;
    progress_pause();
    if (options.names_only || options.names_without) {
        if (listed)
            puts(path);
    } else if (options.count_only && named) {
        printf("%s:%ld\n", path, count);
    } else if (options.count_only) {
        printf("%ld\n", count);
    }
}

static void inner_search(const char *path);

static void path_search(const char *path, bool is_operand)
{
    struct stat info;
    bool known = (is_operand ? stat : lstat)(path, &info) == 0;
    if (!options.recursive || !known || !S_ISDIR(info.st_mode)) {
        if (!is_operand && (!known || !S_ISREG(info.st_mode)))
            return; /* a device could be read for ever, and a link leads to what is seen anyway */
        int file = options.silent && access(path, R_OK) < 0 ? -1 : tool_open(path);
        if (file >= 0)
            file_search(file, path);
        if (file > 0)
            close(file);
        return;
    }
    several = true;
    folder_each(path, inner_search);
}

static void inner_search(const char *path)
{
    path_search(path, false);
}

static long count_parse(const char *text)
{
    long count;
    if (!tool_number(text, 0, 1L << 20, &count))
        tool_usage_error("%s: not a number of lines", text);
    return count;
}

static void option_take(int letter)
{
    options.fold_case |= letter == 'i';
    options.inverted |= letter == 'v';
    options.numbered |= letter == 'n';
    options.count_only |= letter == 'c';
    options.names_only |= letter == 'l';
    options.names_without |= letter == 'L';
    options.quiet |= letter == 'q';
    options.recursive |= letter == 'r' || letter == 'R';
    options.silent |= letter == 's';
    options.parts_only |= letter == 'o';
    if (letter == 'h' || letter == 'H')
        options.with_name = letter == 'H';
    if (letter == 'w' && options.extent == PATTERN_ANY)
        options.extent = PATTERN_WORD;
    if (letter == 'x')
        options.extent = PATTERN_LINE;
    if (letter == 'm')
        options.most = count_parse(optarg);
    if (letter == 'A' || letter == 'C')
        options.after = count_parse(optarg);
    if (letter == 'B' || letter == 'C')
        options.before = count_parse(optarg);
}

int main(int argc, char **argv)
{
    enum pattern_syntax syntax = PATTERN_BASIC;
    const char *texts[TEXTS_MAX];
    int count = 0;
    tool_begin("grep", "[-EFHLRchilnoqrsvwx] [-A LINES] [-B LINES] [-C LINES] [-m LINES]\n"
                       "            [-e] PATTERN [FILE]...");
    tool_help_alone(argc, argv);
    for (int letter; (letter = tool_option(argc, argv, "EFHLRchilnoqrsvwxA:B:C:m:e:")) >= 0;) {
        if (letter == 'E' || letter == 'F')
            syntax = letter == 'E' ? PATTERN_EXTENDED : PATTERN_FIXED;
        else if (letter == 'e' && count == TEXTS_MAX)
            tool_usage_error("more than %d patterns", TEXTS_MAX);
        else if (letter == 'e')
            texts[count++] = optarg;
        else
            option_take(letter);
    }
    if (!count && optind == argc)
        tool_usage_error("no pattern given");
    if (!count)
        texts[count++] = argv[optind++];
    for (int i = 0; i < count; i++)
        pattern_add(texts[i], syntax);
    several = argc - optind > 1;
    progress_begin("grep", PROGRESS_BYTES, 0);
    if (optind == argc)
        options.recursive ? path_search(".", true) : file_search(STDIN_FILENO, "(standard input)");
    for (int i = optind; i < argc; i++)
        path_search(argv[i], true);
    progress_end();
    if (tool_status() != 0 && !(options.quiet && found))
        return 2;
    return !found;
}
