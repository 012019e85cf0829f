// SPDX-License-Identifier: MIT
// more: shows files, or stdin, a screen at a time. Space: the next screen, Enter: the next line, q:
// the end. Where nobody sits at a terminal it only copies.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "screen.h"
#include "tool.h"

#define TAB 8

static int rows, columns;
static int rows_left, column; /* on the screen until the next question, and on its line */
static const char *path;
static long size, shown; /* of the file in bytes; size 0: not known */

/* A new row of the screen has begun; asks where it is the last. */
static void row_count(void)
{
    column = 0;
    if (--rows_left > 0)
        return;
    if (size)
        printf("\033[7m%s (%ld %%)\033[m", path, shown * 100 / size);
    else
        printf("\033[7m-- more --\033[m");
    fflush(stdout);
    for (int key = 0; rows_left <= 0;) {
        key = screen_key(-1);
        if (key == ' ' || key == 'f')
            rows_left = rows - 1;
        else if (key == '\n' || key == '\r')
            rows_left = 1;
        else if (key == 'q' || key == 'Q') {
            printf("\r\033[K");
            exit(tool_status());
        }
    }
    printf("\r\033[K");
}

static void byte_show(unsigned char byte)
{
    putchar(byte);
    shown++;
    if (byte == '\n') {
        row_count();
        return;
    }
    bool within = byte >= ' ' && (byte & 0xC0) != 0x80; /* not a further byte of UTF-8 */
    column += byte == '\t' ? TAB - column % TAB : within;
    if (column > columns) {
        row_count();
        column = 1;
    }
}

static void file_show(int file, const char *name)
{
    char buffer[4096];
    bool paged = rows > 0;
    off_t end = lseek(file, 0, SEEK_END);
    path = name;
    size = end > 0 && lseek(file, 0, SEEK_SET) == 0 ? (long)end : 0;
    shown = 0;
    for (ssize_t length; (length = read(file, buffer, sizeof buffer)) != 0;) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0) {
            tool_error(name);
            return;
        }
        if (!paged)
            fwrite(buffer, 1, (size_t)length, stdout);
        for (ssize_t i = 0; paged && i < length; i++)
            byte_show((unsigned char)buffer[i]);
        tool_output_check();
    }
}

int main(int argc, char **argv)
{
    tool_begin("more", "[FILE]...");
    while (tool_option(argc, argv, "") >= 0)
        ;
    if (optind == argc && isatty(STDIN_FILENO))
        tool_usage_error("no file given, and nothing is piped in");
    if (screen_is_attended(STDOUT_FILENO)) {
        screen_size(STDOUT_FILENO, &rows, &columns);
        rows_left = rows - 1;
        screen_keys_begin(STDOUT_FILENO); /* stdin may be the text */
    }
    tool_each_file(argc, argv, file_show);
    return tool_status();
}
