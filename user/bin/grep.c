// SPDX-License-Identifier: MIT
// grep: prints the lines that match a regular expression. Exit status 0 found, 1 not, 2 trouble.
// -i: either case, -v: lines that do not match, -n: with line numbers, -c: only their count, -l:
// only the file's name, -q: nothing, -E: extended expression, -F: plain text, -r: all files of
// folders, -h and -H: without and with the file's name in front.
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pattern.h"
#include "tool.h"

static struct {
    bool fold_case, inverted, numbered, count_only, names_only, quiet, recursive, silent;
    int with_name; /* -1: where there are several files */
} options = {.with_name = -1};

static struct pattern *pattern;
static bool found, several;

static void line_print(const char *path, long number, const char *line)
{
    if (options.with_name > 0 || (options.with_name < 0 && several))
        printf("%s:", path);
    if (options.numbered)
        printf("%ld:", number);
    puts(line);
    tool_output_check();
}

static long stream_search(FILE *stream, const char *path)
{
    char *line = NULL;
    size_t room = 0;
    long number = 0, count = 0;
    for (ssize_t length; (length = getline(&line, &room, stream)) >= 0;) {
        number++;
        if (length > 0 && line[length - 1] == '\n')
            line[--length] = 0;
        if (pattern_find(pattern, line, (size_t)length) == options.inverted)
            continue;
        count++;
        if (options.quiet || options.names_only)
            break;
        if (!options.count_only)
            line_print(path, number, line);
    }
    free(line);
    return count;
}

static void file_search(int file, const char *path)
{
    FILE *stream = fdopen(dup(file), "r");
    if (!stream) {
        tool_error(path);
        return;
    }
    long count = stream_search(stream, path);
    if (ferror(stream))
        tool_error(path);
    fclose(stream);
    found |= count > 0;
    if (options.quiet)
        return;
    if (options.count_only && (options.with_name > 0 || (options.with_name < 0 && several)))
        printf("%s:%ld\n", path, count);
    else if (options.count_only)
        printf("%ld\n", count);
    else if (options.names_only && count > 0)
        puts(path);
}

static void path_search(const char *path)
{
    struct stat info;
    DIR *stream;
    if (!options.recursive || stat(path, &info) < 0 || !S_ISDIR(info.st_mode)) {
        int file = options.silent && access(path, R_OK) < 0 ? -1 : tool_open(path);
        if (file >= 0)
            file_search(file, path);
        if (file > 0)
            close(file);
        return;
    }
    several = true;
    if (!(stream = opendir(path))) {
        tool_error(path);
        return;
    }
    for (struct dirent *entry; (entry = readdir(stream));) {
        char full[4096];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (tool_path(full, sizeof full, path, entry->d_name))
            path_search(full);
    }
    closedir(stream);
}

int main(int argc, char **argv)
{
    enum pattern_syntax syntax = PATTERN_BASIC;
    const char *text = NULL, *reason;
    tool_begin("grep", "[-EFHchilnqrsv] [-e] PATTERN [FILE]...");
    tool_help_alone(argc, argv);
    for (int letter; (letter = tool_option(argc, argv, "EFHchilnqrsve:")) >= 0;) {
        options.fold_case |= letter == 'i';
        options.inverted |= letter == 'v';
        options.numbered |= letter == 'n';
        options.count_only |= letter == 'c';
        options.names_only |= letter == 'l';
        options.quiet |= letter == 'q';
        options.recursive |= letter == 'r';
        options.silent |= letter == 's';
        if (letter == 'h' || letter == 'H')
            options.with_name = letter == 'H';
        if (letter == 'E' || letter == 'F')
            syntax = letter == 'E' ? PATTERN_EXTENDED : PATTERN_FIXED;
        if (letter == 'e')
            text = optarg;
    }
    if (!text && optind == argc)
        tool_usage_error("no pattern given");
    if (!text)
        text = argv[optind++];
    pattern = pattern_compile(text, syntax, options.fold_case, &reason);
    if (!pattern)
        tool_usage_error("%s: %s", text, reason);
    several = argc - optind > 1;
    if (optind == argc)
        options.recursive ? path_search(".") : file_search(STDIN_FILENO, "(stdin)");
    for (int i = optind; i < argc; i++)
        path_search(argv[i]);
    if (tool_status() != 0 && !(options.quiet && found))
        return 2;
    return !found;
}
