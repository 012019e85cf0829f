// SPDX-License-Identifier: MIT
// xargs: runs a command (echo, if none is given) with words from stdin as further arguments, as
// many at a time as fit. -0: words end with a NUL, -n: at most that many at a time, -I TEXT: once
// for each line, which takes the place of TEXT; -r: not at all where there are no words, -t: shows
// each command.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tool.h"

#define WORDS_MAX 1000
#define BYTES_MAX 65536
#define FAILED    123 /* a command ended with 1 to 125 */
#define STOPPED   124 /* with 255 */

static struct {
    bool by_nul, shown, not_empty;
    const char *placeholder;
    long most;
} options = {.most = WORDS_MAX};

static char *command[WORDS_MAX + 256];
static int fixed, count; /* words of the command line, and all */
static size_t bytes;
static int result;

static void command_judge(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result = FAILED;
    if (code == 126 || code == 127)
        exit(code);
    if (code == 255) {
        tool_complain(command[0], "ended with status 255");
        exit(STOPPED);
    }
}

static void words_run(char **words)
{
    int status;
    for (char **each = words; options.shown && *each; each++)
        fprintf(stderr, "%s%c", *each, each[1] ? ' ' : '\n');
    pid_t child = fork();
    if (child < 0)
        tool_fail("fork");
    if (child == 0) {
        execvp(words[0], words);
        int missing = errno == ENOENT;
        tool_error(words[0]);
        _exit(missing ? 127 : 126);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    command_judge(status);
}

static void batch_run(void)
{
    command[count] = NULL;
    words_run(command);
    while (count > fixed)
        free(command[--count]);
    bytes = 0;
}

/* TEXT with WORD for each placeholder in it, allocated. */
static char *text_replace(const char *text, const char *word)
{
    size_t room = strlen(text) + 1, gap = strlen(options.placeholder), length = strlen(word);
    for (const char *at = text; (at = strstr(at, options.placeholder)); at += gap)
        room += length;
    char *copy = malloc(room), *to = copy;
    if (!copy)
        tool_fail("memory");
    for (const char *at; (at = strstr(text, options.placeholder)); text = at + gap) {
        to = mempcpy(to, text, (size_t)(at - text));
        to = mempcpy(to, word, length);
    }
    strcpy(to, text);
    return copy;
}

static void word_replace(const char *word)
{
    char *words[sizeof command / sizeof *command];
    for (int i = 0; i < fixed; i++)
        words[i] = text_replace(command[i], word);
    words[fixed] = NULL;
    words_run(words);
    for (int i = 0; i < fixed; i++)
        free(words[i]);
}

static void word_add(const char *word)
{
    if (options.placeholder) {
        word_replace(word);
        return;
    }
    size_t length = strlen(word) + 1;
    if (length > BYTES_MAX) {
        tool_complain("stdin", "a word is longer than %d bytes", BYTES_MAX);
        exit(1);
    }
    if (count - fixed >= options.most || bytes + length > BYTES_MAX)
        batch_run();
    if (!(command[count++] = strdup(word)))
        tool_fail("memory");
    bytes += length;
}

// ---- Words ----

static struct {
    char *text;
    size_t length, room;
    bool begun; /* quotes may hold an empty word */
} word;

static void letter_add(int letter)
{
    if (word.length + 1 >= word.room) {
        word.room = word.room ? 2 * word.room : 256;
        if (!(word.text = realloc(word.text, word.room)))
            tool_fail("memory");
    }
    word.text[word.length++] = (char)letter;
    word.text[word.length] = 0;
    word.begun = true;
}

static void word_end(void)
{
    if (word.begun)
        word_add(word.length ? word.text : "");
    word.length = 0;
    word.begun = false;
}

static void quoted_take(int quote)
{
    word.begun = true;
    for (int letter; (letter = getchar()) != quote;) {
        if (letter == EOF || letter == '\n') {
            tool_complain("stdin", "a quote that is not closed");
            exit(1);
        }
        letter_add(letter);
    }
}

static void words_take(void)
{
    for (int letter; (letter = getchar()) != EOF;) {
        if (options.by_nul ? letter == 0 : letter == '\n' && options.placeholder)
            word_end();
        else if (options.by_nul)
            letter_add(letter);
        else if (letter == '\'' || letter == '"')
            quoted_take(letter);
        else if (letter == '\\' && (letter = getchar()) != EOF)
            letter_add(letter);
        else if (!isspace(letter) || (options.placeholder && word.begun))
            letter_add(letter);
        else
            word_end();
    }
    if (ferror(stdin))
        tool_error("stdin");
    word_end();
}

/* The options before the command, whose own options are not ours. Returns the command's place. */
static int options_take(int argc, char **argv)
{
    int end = 1;
    while (end < argc && argv[end][0] == '-' && argv[end][1]) {
        bool valued = strlen(argv[end]) == 2 && strchr("nI", argv[end][1]);
        end += 1 + valued;
    }
    end = end < argc ? end : argc;
    for (int letter; (letter = tool_option(end, argv, "0rtn:I:")) >= 0;) {
        options.by_nul |= letter == '0';
        options.not_empty |= letter == 'r';
        options.shown |= letter == 't';
        if (letter == 'I' && *(options.placeholder = optarg) == 0)
            tool_usage_error("-I needs a text");
        if (letter == 'n' && !tool_number(optarg, 1, WORDS_MAX, &options.most))
            tool_usage_error("%s: not a number from 1 to %d", optarg, WORDS_MAX);
    }
    return end;
}

int main(int argc, char **argv)
{
    static char *default_command[] = {"echo"};
    tool_begin("xargs", "[-0rt] [-n MOST] [-I TEXT] [COMMAND [ARGUMENT]...]");
    int first = options_take(argc, argv);
    char **words = first < argc ? argv + first : default_command;
    fixed = first < argc ? argc - first : 1;
    if (fixed > 250)
        tool_usage_error("a command of more than 250 words");
    memcpy(command, words, (size_t)fixed * sizeof *words);
    count = fixed;
    words_take();
    if (!options.placeholder && (count > fixed || (!result && !options.not_empty && !bytes)))
        batch_run();
    return result ? result : tool_status();
}
