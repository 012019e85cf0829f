// SPDX-License-Identifier: MIT
// sort: the lines of all files in order. -k: by a part of the line, -t: what divides its fields,
// -n: by the number at the front, -r: backwards, -f: in either case, -b: without blanks in front,
// -u: no line twice, -o: into a file, -c: only checks.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "progress.h"
#include "sort.h"
#include "tool.h"

#define PROGRESS_STEP 4096 /* comparisons between two looks at the clock */

static bool unique;
static struct order order;

static struct line {
    char *text;
    size_t number;
} * lines;
static size_t count;

/* Equal keys: the whole line decides; of those of which one stays, the first. */
static int line_compare(const void *left, const void *right)
{
    static unsigned comparisons;
    const struct line *a = left, *b = right;
    if (++comparisons % PROGRESS_STEP == 0)
        progress_add(PROGRESS_STEP);
    int result = keys_compare(a->text, b->text);
    if (result == 0 && !unique)
        result = order.backwards ? strcmp(b->text, a->text) : strcmp(a->text, b->text);
    return result ? result : (a->number > b->number) - (a->number < b->number);
}

static void file_read(int file, const char *path)
{
    FILE *stream = fdopen(dup(file), "r");
    char *line = NULL;
    size_t room = 0;
    if (!stream)
        tool_fail(path);
    progress_begin_file(path, file);
    for (ssize_t length; (length = getline(&line, &room, stream)) > 0;) {
        progress_add((uint64_t)length);
        if (line[length - 1] == '\n')
            line[length - 1] = 0;
        if (count % 1024 == 0 && !(lines = realloc(lines, (count + 1024) * sizeof *lines)))
            tool_fail(path);
        if (!(lines[count].text = strdup(line)))
            tool_fail(path);
        lines[count].number = count;
        count++;
    }
    progress_end();
    if (ferror(stream))
        tool_error(path);
    free(line);
    fclose(stream);
}

static int order_check(void)
{
    for (size_t i = 1; i < count; i++) {
        int result = keys_compare(lines[i - 1].text, lines[i].text);
        if (result == 0 && !unique)
            result = order.backwards ? strcmp(lines[i].text, lines[i - 1].text)
                                     : strcmp(lines[i - 1].text, lines[i].text);
        if (result > 0 || (unique && result == 0))
            return tool_complain("disorder", "line %lu: %s", (unsigned long)i + 1, lines[i].text);
    }
    return 0;
}

/* The files have been read by now: it may be one of them. */
static void output_redirect(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || dup2(file, STDOUT_FILENO) < 0)
        tool_fail(path);
    close(file);
}

static void lines_print(void)
{
    for (size_t i = 0; i < count; i++) {
        if (unique && i > 0 && keys_compare(lines[i].text, lines[i - 1].text) == 0)
            continue;
        puts(lines[i].text);
        tool_output_check();
    }
}

int main(int argc, char **argv)
{
    const char *output = NULL;
    int divider = -1;
    bool check = false;
    tool_begin("sort", "[-bcfnru] [-k KEY]... [-t LETTER] [-o FILE] [FILE]...");
    for (int letter; (letter = tool_option(argc, argv, "bcfnruk:t:o:")) >= 0;) {
        order.skip_blanks |= letter == 'b';
        order.fold_case |= letter == 'f';
        order.numeric |= letter == 'n';
        order.backwards |= letter == 'r';
        unique |= letter == 'u';
        check |= letter == 'c';
        if (letter == 'k')
            key_add(optarg);
        if (letter == 'o')
            output = optarg;
        if (letter == 't' && strcmp(optarg, "\\t") == 0)
            divider = '\t';
        else if (letter == 't' && (!optarg[0] || optarg[1]))
            tool_usage_error("%s: the divider is one letter", optarg);
        else if (letter == 't')
            divider = (unsigned char)optarg[0];
    }
    keys_finish(&order, divider);
    progress_begin("sort", PROGRESS_ITEMS, 0);
    tool_each_file(argc, argv, file_read);
    if (check)
        return order_check() < 0 || tool_status();
    if (count)
        qsort(lines, count, sizeof *lines, line_compare);
    progress_end();
    if (output)
        output_redirect(output);
    lines_print();
    return tool_status();
}
