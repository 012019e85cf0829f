// SPDX-License-Identifier: MIT
// cat: prints files one behind the other. -n: with line numbers (-b: only of lines that are not
// empty), -s: one empty line for several, -E: $ at the ends of lines, -T: tabs as ^I, -v: other
// control bytes as ^X and M-X, -A: all three.
#include <errno.h>
#include <unistd.h>
#include "tool.h"

static struct {
    bool numbered, not_empty, squeezed, ends, tabs, visible;
} options;

static long line;           /* the number of the last one that was numbered */
static int last = '\n';     /* the byte before */
static bool last_was_empty; /* the last whole line */

static void byte_show(unsigned char byte)
{
    if (byte == '\t' && !options.tabs) {
        putchar(byte);
        return;
    }
    if (byte != '\t' && !options.visible) {
        putchar(byte);
        return;
    }
    if (byte >= 128) {
        fputs("M-", stdout);
        byte &= 127;
    }
    if (byte >= ' ' && byte < 127)
        putchar(byte);
    else
        printf("^%c", byte ^ 64);
}

static void byte_print(unsigned char byte)
{
    bool empty = last == '\n' && byte == '\n';
    if (empty && last_was_empty && options.squeezed)
        return;
    if (last == '\n' && options.numbered && !(empty && options.not_empty))
        printf("%6ld\t", ++line);
    if (byte != '\n') {
        byte_show(byte);
    } else {
        fputs(options.ends ? "$\n" : "\n", stdout);
        last_was_empty = empty;
    }
    last = byte;
}

static void file_print(int file, const char *path)
{
    static char buffer[65536];
    bool plain = !options.numbered && !options.squeezed && !options.ends && !options.tabs &&
                 !options.visible;
    ssize_t length;
    while ((length = read(file, buffer, sizeof buffer)) != 0) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0) {
            tool_error(path);
            return;
        }
        if (plain && !tool_write(STDOUT_FILENO, buffer, (size_t)length))
            tool_fail("stdout");
        for (ssize_t i = 0; !plain && i < length; i++)
            byte_print((unsigned char)buffer[i]);
        tool_output_check();
    }
}

int main(int argc, char **argv)
{
    tool_begin("cat", "[-AETbnsv] [FILE]...");
    /* -u, unbuffered, is how it always works */
    for (int letter; (letter = tool_option(argc, argv, "AETbensutv")) >= 0;) {
        options.numbered |= letter == 'n' || letter == 'b';
        options.not_empty |= letter == 'b';
        options.squeezed |= letter == 's';
        options.ends |= letter == 'E' || letter == 'A' || letter == 'e';
        options.tabs |= letter == 'T' || letter == 'A' || letter == 't';
        options.visible |= letter == 'v' || letter == 'A' || letter == 'e' || letter == 't';
    }
    tool_each_file(argc, argv, file_print);
    return tool_status();
}
