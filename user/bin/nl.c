// SPDX-License-Identifier: MIT
// nl: files with their lines numbered. -b a: empty lines too (t: not, n: none), -n: numbers to the
// left (ln), right (rn) or with zeros (rz), -s: what comes behind them, -v: the first, -i: the
// step, -w: the width.
#include <string.h>
#include <unistd.h>
#include "lines.h"
#include "tool.h"

static char which = 't';
static const char *behind = "\t", *style = "rn";
static long number = 1, step = 1, width = 6;

static void line_print(char *line, size_t length)
{
    if (which == 'a' || (which == 't' && length)) {
        const char *format = style[0] == 'l' ? "%-*ld" : style[1] == 'z' ? "%0*ld" : "%*ld";
        printf(format, (int)width, number);
        fputs(behind, stdout);
        number += step;
    } else {
        printf("%*s", (int)(width + (long)strlen(behind)), "");
    }
    fwrite(line, 1, length, stdout);
    putchar('\n');
}

static void file_print(int file, const char *path)
{
    lines_each(file, path, line_print);
}

static bool style_is_known(const char *text)
{
    return strcmp(text, "ln") == 0 || strcmp(text, "rn") == 0 || strcmp(text, "rz") == 0;
}

int main(int argc, char **argv)
{
    tool_begin("nl",
               "[-b a|t|n] [-n ln|rn|rz] [-s TEXT] [-v FIRST] [-i STEP] [-w WIDTH] [FILE]...");
    for (int letter; (letter = tool_option(argc, argv, "b:n:s:v:i:w:")) >= 0;) {
        bool good = true;
        if (letter == 'b')
            good = (which = optarg[0]) && strchr("atn", which) && !optarg[1];
        else if (letter == 'n')
            good = style_is_known(style = optarg);
        else if (letter == 's')
            behind = optarg;
        else if (letter == 'w')
            good = tool_number(optarg, 1, 100, &width);
        else
            good = tool_number(optarg, -(1L << 40), 1L << 40, letter == 'v' ? &number : &step);
        if (!good)
            tool_usage_error("-%c %s: not possible", letter, optarg);
    }
    tool_each_file(argc, argv, file_print);
    return tool_status();
}
