// SPDX-License-Identifier: MIT
// wc: counts lines (-l), words (-w), letters (-m) and bytes (-c) and the columns of the longest
// line
// (-L); lines, words and bytes if nothing is asked for. A letter is one of UTF-8.
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "progress.h"
#include "tool.h"

struct counts {
    unsigned long lines, words, letters, bytes, longest;
};

static bool with_lines, with_words, with_letters, with_bytes, with_longest;
static struct counts total;
static int files;

static void counts_print(const struct counts *counts, const char *title)
{
    const char *gap = "";
    if (with_lines)
        printf("%lu", counts->lines), gap = " ";
    if (with_words)
        printf("%s%lu", gap, counts->words), gap = " ";
    if (with_letters)
        printf("%s%lu", gap, counts->letters), gap = " ";
    if (with_bytes)
        printf("%s%lu", gap, counts->bytes), gap = " ";
    if (with_longest)
        printf("%s%lu", gap, counts->longest);
    printf(strcmp(title, "-") == 0 ? "\n" : " %s\n", title);
}

/* How long the line is with this byte behind it. */
static unsigned long line_grow(unsigned long length, unsigned char byte)
{
    if (byte == '\n' || byte == '\r' || byte == '\f')
        return 0;
    if (byte == '\t')
        return length / 8 * 8 + 8;
    return length + ((byte & 0xC0) != 0x80 && byte >= ' ' && byte != 127);
}

static void file_count(int file, const char *path)
{
    static char buffer[65536];
    struct counts counts = {0};
    bool in_word = false;
    unsigned long line = 0;
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
            counts.letters += (buffer[i] & 0xC0) != 0x80;
            line = line_grow(line, (unsigned char)buffer[i]);
            counts.longest = line > counts.longest ? line : counts.longest;
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
    total.letters += counts.letters;
    total.longest = counts.longest > total.longest ? counts.longest : total.longest;
    files++;
}

int main(int argc, char **argv)
{
    tool_begin("wc", "[-Lclmw] [FILE]...");
    for (int letter; (letter = tool_option(argc, argv, "Lclmw")) >= 0;) {
        with_lines |= letter == 'l';
        with_words |= letter == 'w';
        with_bytes |= letter == 'c';
        with_letters |= letter == 'm';
        with_longest |= letter == 'L';
    }
    if (!with_lines && !with_words && !with_bytes && !with_letters && !with_longest)
        with_lines = with_words = with_bytes = true;
    tool_each_file(argc, argv, file_count);
    if (files > 1)
        counts_print(&total, "total");
    return tool_status();
}
