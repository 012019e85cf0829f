// SPDX-License-Identifier: MIT
// cut: parts of each line. -f LIST: fields, which a tab or the letter of -d divides; -c or -b LIST:
// bytes; -s: no line without a divider, --complement: all but those. LIST is 1,3-5,7- and the like.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lines.h"
#include "tool.h"

#define RANGES_MAX 64

static struct {
    long first, last;
} ranges[RANGES_MAX];
static int range_count;
static bool by_fields, divided_only, inverted;
static char divider = '\t';

static bool is_wanted(long number)
{
    for (int i = 0; i < range_count; i++)
        if (ranges[i].first <= number && number <= ranges[i].last)
            return !inverted;
    return inverted;
}

/* One element of a list: 3, 3-5, 3- or -5. */
static bool range_parse(const char *text, long *first, long *last)
{
    char *end;
    *first = *text == '-' ? 1 : strtol(text, &end, 10);
    const char *dash = *text == '-' ? text : end;
    if ((*text != '-' && !isdigit((unsigned char)*text)) || (*dash && *dash != '-'))
        return false;
    if (!*dash) {
        *last = *first;
    } else if (!dash[1]) {
        *last = 1L << 62;
        if (*text == '-')
            return false;
    } else {
        if (!isdigit((unsigned char)dash[1]))
            return false;
        *last = strtol(dash + 1, &end, 10);
        if (*end)
            return false;
    }
    return *first >= 1 && *first <= *last;
}

static void list_parse(char *list)
{
    for (char *each = strtok(list, ","); each; each = strtok(NULL, ",")) {
        if (range_count == RANGES_MAX)
            tool_usage_error("more than %d ranges", RANGES_MAX);
        if (!range_parse(each, &ranges[range_count].first, &ranges[range_count].last))
            tool_usage_error("%s: not a range (1, 3-5, 7-)", each);
        range_count++;
    }
    if (!range_count)
        tool_usage_error("an empty list");
}

static void fields_print(const char *line, size_t length)
{
    const char *gap = "";
    char between[] = {divider, 0};
    if (!memchr(line, divider, length)) {
        if (!divided_only)
            puts(line);
        return;
    }
    for (long number = 1;; number++) {
        const char *end = memchr(line, divider, length);
        size_t part = end ? (size_t)(end - line) : length;
        if (is_wanted(number)) {
            printf("%s", gap);
            fwrite(line, 1, part, stdout);
            gap = between;
        }
        if (!end)
            break;
        line = end + 1;
        length -= part + 1;
    }
    putchar('\n');
}

static void line_cut(char *line, size_t length)
{
    if (by_fields) {
        fields_print(line, length);
        return;
    }
    for (size_t i = 0; i < length; i++)
        if (is_wanted((long)i + 1))
            putchar(line[i]);
    putchar('\n');
}

static void file_cut(int file, const char *path)
{
    lines_each(file, path, line_cut);
}

/* Takes --complement out of the words: all but the list. Returns how many words are left. */
static int complement_take(int argc, char **argv)
{
    int kept = 0;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--complement") == 0)
            inverted = true;
        else
            argv[kept++] = argv[i];
    }
    return kept;
}

int main(int argc, char **argv)
{
    tool_begin("cut", "-f LIST [-d LETTER] [-s] [--complement] [FILE]..., or cut -c LIST "
                      "[--complement] [FILE]...");
    argc = complement_take(argc, argv);
    for (int letter; (letter = tool_option(argc, argv, "f:c:b:d:s")) >= 0;) {
        if (letter == 'd' && (!optarg[0] || optarg[1]))
            tool_usage_error("%s: the divider is one letter", optarg);
        if (letter == 'd')
            divider = optarg[0];
        if (letter == 's')
            divided_only = true;
        if (letter == 'd' || letter == 's')
            continue;
        if (range_count)
            tool_usage_error("one list only");
        by_fields = letter == 'f';
        list_parse(optarg);
    }
    if (!range_count)
        tool_usage_error("no list given");
    tool_each_file(argc, argv, file_cut);
    return tool_status();
}
