// SPDX-License-Identifier: MIT
#include "tool.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STDOUT_BUFFER 4096

static const char *tool_name, *tool_synopsis;
static int status;
static void (*message_hook)(void);

void tool_begin(const char *name, const char *usage)
{
    tool_name = name;
    tool_synopsis = usage;
    optind = 1;
    /* newlib as it is built here takes every stdout for a terminal: a call for each line. */
    if (!isatty(STDOUT_FILENO))
        setvbuf(stdout, NULL, _IOFBF, STDOUT_BUFFER);
}

static void usage_print(FILE *to)
{
    fprintf(to, *tool_synopsis ? "usage: %s %s\n" : "usage: %s\n", tool_name, tool_synopsis);
}

void tool_help_alone(int argc, char **argv)
{
    if (argc != 2 || (strcmp(argv[1], "-h") != 0 && strcmp(argv[1], "--help") != 0))
        return;
    usage_print(stdout);
    exit(tool_status());
}

/* True if a letter before the last takes a value: that is the rest of the word then. */
static bool option_value_attached(const char *word, const char *letters)
{
    for (const char *each = word + 1; each[0] && each[1]; each++) {
        const char *known = strchr(letters, *each);
        if (known && known[1] == ':')
            return true;
    }
    return false;
}

/* Moves the options and their values in front of the operands, each group in its order; behind "--"
   all are operands. A "--" stays between the two, so that argc still counts what is there. Sets
   optind to the first operand's place; returns where the options end. */
static int options_gather(int argc, char **argv, const char *letters)
{
    char *operands[argc + 1];
    char *border = NULL;
    int options = 1, count = 0;
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        if (strcmp(word, "--") == 0) {
            border = word;
            while (++i < argc)
                operands[count++] = argv[i];
        } else if (word[0] == '-' && word[1]) {
            const char *known = strchr(letters, word[strlen(word) - 1]);
            argv[options++] = word;
            if (known && known[1] == ':' && !option_value_attached(word, letters) && i + 1 < argc)
                argv[options++] = argv[++i];
        } else {
            operands[count++] = word;
        }
    }
    optind = options;
    if (border)
        argv[optind++] = border;
    memcpy(argv + optind, operands, (size_t)count * sizeof *operands);
    return options;
}

int tool_option(int argc, char **argv, const char *letters)
{
    static const char *rest = ""; /* letters of the word at hand that are still to come */
    static int next, end;
    if (next == 0) {
        end = options_gather(argc, argv, letters);
        next = 1;
    }
    if (!*rest) {
        if (next >= end)
            return -1;
        rest = argv[next++] + 1;
    }
    char letter = *rest++;
    const char *known = letter != ':' ? strchr(letters, letter) : NULL;
    if (!known && (letter == 'h' || strcmp(rest - 1, "-help") == 0)) {
        usage_print(stdout);
        exit(tool_status());
    }
    if (!known && letter == '-')
        tool_usage_error("unknown option %s", argv[next - 1]);
    if (!known)
        tool_usage_error("unknown option -%c", letter);
    if (known[1] == ':') {
        if (!*rest && next >= end)
            tool_usage_error("option -%c needs a value", letter);
        optarg = (char *)(*rest ? rest : argv[next++]);
        rest = "";
    }
    return letter;
}

void tool_short_count(int argc, char **argv)
{
    static char option[32] = "-n";
    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) {
        strncat(option, argv[1] + 1, sizeof option - 3);
        argv[1] = option;
    }
}

void tool_message_hook(void (*before)(void))
{
    message_hook = before;
}

static void message_begin(void)
{
    if (message_hook)
        message_hook();
    fflush(stdout);
}

void tool_usage_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    message_begin();
    fprintf(stderr, "%s: ", tool_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    usage_print(stderr);
    exit(2);
}

bool tool_ask(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    message_begin();
    fprintf(stderr, "%s: ", tool_name);
    vfprintf(stderr, format, arguments);
    fputs("? ", stderr);
    fflush(stderr);
    int first = getchar(), letter = first;
    while (letter != '\n' && letter != EOF)
        letter = getchar();
    return first == 'y' || first == 'Y';
}

int tool_error(const char *what)
{
    int reason = errno;
    message_begin();
    fprintf(stderr, "%s: %s: %s\n", tool_name, what, strerror(reason));
    status = 1;
    return -1;
}

int tool_complain(const char *what, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    message_begin();
    fprintf(stderr, "%s: %s: ", tool_name, what);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    status = 1;
    return -1;
}

void tool_fail(const char *what)
{
    tool_error(what);
    exit(1);
}

int tool_status(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) /* one before may have failed */
        tool_error("write");
    return status;
}

void tool_output_check(void)
{
    if (ferror(stdout))
        tool_fail("write");
}

bool tool_number(const char *text, long low, long high, long *value)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || errno)
        return false;
    const char *suffixes = "kmgKMG", *suffix = *end ? strchr(suffixes, *end) : NULL;
    int shift = suffix ? 10 * (int)((suffix - suffixes) % 3 + 1) : 0;
    if (end[suffix != NULL] || number > (high >> shift) || number < low)
        return false;
    *value = number * (1L << shift);
    return *value >= low;
}

bool tool_path(char *path, size_t size, const char *folder, const char *name)
{
    if ((size_t)snprintf(path, size, "%s/%s", folder, name) < size)
        return true;
    tool_complain(folder, "too long a path with %s", name);
    return false;
}

size_t tool_write_most(int file, const void *bytes, size_t length)
{
    size_t taken = 0;
    while (taken < length) {
        ssize_t done = write(file, (const char *)bytes + taken, length - taken);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            break;
        taken += (size_t)done;
    }
    return taken;
}

bool tool_write(int file, const void *bytes, size_t length)
{
    return tool_write_most(file, bytes, length) == length;
}

int tool_open(const char *path)
{
    if (strcmp(path, "-") == 0)
        return STDIN_FILENO;
    int file = open(path, O_RDONLY);
    return file < 0 ? tool_error(path) : file;
}

void tool_each_file(int argc, char **argv, void (*work)(int file, const char *path))
{
    if (optind == argc)
        work(STDIN_FILENO, "-");
    for (int i = optind; i < argc; i++) {
        int file = tool_open(argv[i]);
        if (file < 0)
            continue;
        work(file, argv[i]);
        if (file != STDIN_FILENO)
            close(file);
    }
}
