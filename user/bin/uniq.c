// SPDX-License-Identifier: MIT
// uniq: prints each of several equal lines that follow each other once. -c: with how many there
// were, -d: only where there were several, -u: only where there was one, -i: in either case.
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "lines.h"
#include "tool.h"

static bool counted, repeated_only, single_only, fold_case;
static char *before; /* the last line, or NULL */
static long count;   /* how often it came */

static void group_print(void)
{
    if (!before || (repeated_only && count == 1) || (single_only && count > 1))
        return;
    if (counted)
        printf("%7ld %s\n", count, before);
    else
        puts(before);
}

static void line_take(char *line, size_t length)
{
    (void)length;
    if (before && (fold_case ? strcasecmp : strcmp)(line, before) == 0) {
        count++;
        return;
    }
    group_print();
    free(before);
    before = strdup(line);
    if (!before)
        tool_fail("memory");
    count = 1;
}

int main(int argc, char **argv)
{
    tool_begin("uniq", "[-cdui] [FILE]");
    for (int letter; (letter = tool_option(argc, argv, "cdui")) >= 0;) {
        counted |= letter == 'c';
        repeated_only |= letter == 'd';
        single_only |= letter == 'u';
        fold_case |= letter == 'i';
    }
    if (argc - optind > 1)
        tool_usage_error("%s: one file at most (the result goes to stdout)", argv[optind + 1]);
    const char *path = optind < argc ? argv[optind] : "-";
    int file = tool_open(path);
    if (file < 0)
        return tool_status();
    lines_each(file, path, line_take);
    group_print();
    return tool_status();
}
