// SPDX-License-Identifier: MIT
// wc: counts lines (-l), words (-w) and bytes (-c); all three if none is asked for.
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "progress.h"
#include "tool.h"

struct counts {
    unsigned long lines, words, bytes;
};

static bool with_lines, with_words, with_bytes;
static struct counts total;
static int files;

static void counts_print(const struct counts *counts, const char *title)
{
    const char *gap = "";
    if (with_lines)
        printf("%lu", counts->lines), gap = " ";
    if (with_words)
        printf("%s%lu", gap, counts->words), gap = " ";
    if (with_bytes)
        printf("%s%lu", gap, counts->bytes);
    printf(strcmp(title, "-") == 0 ? "\n" : " %s\n", title);
}

static void file_count(int file, const char *path)
{
    static char buffer[65536];
    struct counts counts = {0};
    bool in_word = false;
    ssize_t length;
    progress_begin_file(path, file);
    while ((length = read(file, buffer, sizeof buffer)) != 0) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            break;
        progress_add((uint64_t)length);
        counts.bytes += (size_t)length;
        for (ssize_t i = 0; i < length; i++) {
            bool space = isspace((unsigned char)buffer[i]);
            counts.lines += buffer[i] == '\n';
            counts.words += !space && !in_word;
            in_word = !space;
        }
    }
    progress_end();
    if (length < 0) {
        tool_error(path);
        return;
    }
    counts_print(&counts, path);
    total.lines += counts.lines;
    total.words += counts.words;
    total.bytes += counts.bytes;
    files++;
}

int main(int argc, char **argv)
{
    tool_begin("wc", "[-lwc] [FILE]...");
    for (int letter; (letter = tool_option(argc, argv, "lwc")) >= 0;) {
        with_lines |= letter == 'l';
        with_words |= letter == 'w';
        with_bytes |= letter == 'c';
    }
    if (!with_lines && !with_words && !with_bytes)
        with_lines = with_words = with_bytes = true;
    tool_each_file(argc, argv, file_count);
    if (files > 1)
        counts_print(&total, "total");
    return tool_status();
}
