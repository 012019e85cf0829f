// SPDX-License-Identifier: MIT
// sha256sum: the SHA-256 checksums of files. -c: checks the files that a list of such sums names.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "lines.h"
#include "progress.h"
#include "sha256.h"
#include "tool.h"

#define DIGITS 64

/* False, after a complaint, where the file cannot be read. */
static bool file_sum(int file, const char *path, char text[DIGITS + 1])
{
    static unsigned char buffer[65536];
    struct sha256 sum;
    ssize_t length;
    sha256_begin(&sum);
    progress_begin_file(path, file);
    while ((length = read(file, buffer, sizeof buffer)) != 0) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            break;
        progress_add((uint64_t)length);
        sha256_add(&sum, buffer, (size_t)length);
    }
    progress_end();
    sha256_finish(&sum, text);
    return length == 0 || tool_error(path) == 0;
}

static void sum_print(int file, const char *path)
{
    char text[DIGITS + 1];
    if (file_sum(file, path, text)) {
        progress_pause();
        printf("%s  %s\n", text, path);
    }
}

// ---- Checking ----

static bool quiet;
static long good_lines, bad_lines, wrong_files, lost_files;

static void line_check(char *line, size_t length)
{
    char text[DIGITS + 1];
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    if (digits != DIGITS || length < DIGITS + 3 || line[DIGITS] != ' ' ||
        !strchr(" *", line[DIGITS + 1])) {
        bad_lines++;
        return;
    }
    line[DIGITS] = 0;
    const char *path = line + DIGITS + 2;
    good_lines++;
    int file = tool_open(path);
    bool read = file >= 0 && file_sum(file, path, text);
    if (file > STDIN_FILENO)
        close(file);
    bool right = read && strcasecmp(text, line) == 0;
    lost_files += !read;
    wrong_files += read && !right;
    progress_pause();
    if (!right || !quiet)
        printf("%s: %s\n", path, right ? "OK" : read ? "FAILED" : "FAILED open or read");
}

static void list_check(int file, const char *path)
{
    good_lines = bad_lines = wrong_files = lost_files = 0;
    lines_each(file, path, line_check);
    if (!good_lines)
        tool_complain(path, "no line of it is a checksum and a name");
    else if (bad_lines)
        tool_complain(path, "%ld lines are no checksum and a name", bad_lines);
    if (lost_files)
        tool_complain(path, "%ld of %ld files could not be read", lost_files, good_lines);
    if (wrong_files)
        tool_complain(path, "%ld of %ld files have another checksum", wrong_files, good_lines);
}

int main(int argc, char **argv)
{
    bool checks = false;
    tool_begin("sha256sum", "[FILE]..., or sha256sum -c [-q] [LIST]...");
    for (int letter; (letter = tool_option(argc, argv, "bcq")) >= 0;) {
        checks |= letter == 'c';
        quiet |= letter == 'q';
    }
    progress_begin("sha256sum", PROGRESS_BYTES, 0);
    tool_each_file(argc, argv, checks ? list_check : sum_print);
    progress_end();
    return tool_status();
}
