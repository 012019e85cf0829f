// SPDX-License-Identifier: MIT
// ls: lists folders, in columns on a terminal. -a: names with a dot too, -l: with mode, links,
// owner, size and time, -1: one a line, -d: folders themselves.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include "mode.h"
#include "tool.h"

static struct {
    bool all, detail, single, folder_itself;
} options;

static int name_compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void detail_print(const char *path, const char *name)
{
    struct stat info;
    if (lstat(path, &info) < 0) {
        tool_error(path);
        return;
    }
    char mode[MODE_TEXT], when[32] = "", size[32], target[256] = "";
    mode_format(info.st_mode, mode);
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode))
        snprintf(size, sizeof size, "%u, %u", major(info.st_rdev), minor(info.st_rdev));
    else
        snprintf(size, sizeof size, "%ld", (long)info.st_size);
    time_t seconds = info.st_mtime;
    strftime(when, sizeof when, "%Y-%m-%d %H:%M", gmtime(&seconds));
    printf("%s %2u %4u %4u %9s %s %s", mode, (unsigned)info.st_nlink, (unsigned)info.st_uid,
           (unsigned)info.st_gid, size, when, name);
    if (S_ISLNK(info.st_mode) && readlink(path, target, sizeof target - 1) > 0)
        printf(" -> %s", target);
    putchar('\n');
}

static int terminal_width(void)
{
    struct winsize size;
    if (options.single || !isatty(STDOUT_FILENO))
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* Sorted downwards in as many columns as fit. */
static void columns_print(char **names, size_t count)
{
    int widest = 1, width = terminal_width();
    for (size_t i = 0; i < count; i++)
        widest = (int)strlen(names[i]) > widest ? (int)strlen(names[i]) : widest;
    size_t columns = width > widest + 2 ? (size_t)(width / (widest + 2)) : 1;
    size_t rows = (count + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++)
        for (size_t i = row; i < count; i += rows)
            printf(i + rows < count ? "%-*s" : "%.0d%s\n", i + rows < count ? widest + 2 : 0,
                   names[i]);
}

static char **folder_read(DIR *stream, size_t *count)
{
    char **names = NULL;
    struct dirent *entry;
    *count = 0;
    errno = 0;
    while ((entry = readdir(stream))) {
        if (entry->d_name[0] == '.' && !options.all)
            continue;
        if (*count % 64 == 0 && !(names = realloc(names, (*count + 64) * sizeof *names)))
            tool_fail("memory");
        if (!(names[(*count)++] = strdup(entry->d_name)))
            tool_fail("memory");
    }
    if (errno)
        tool_error("readdir");
    qsort(names, *count, sizeof *names, name_compare);
    return names;
}

static void folder_print(const char *path)
{
    DIR *stream = opendir(path);
    if (!stream) {
        tool_error(path);
        return;
    }
    size_t count;
    char **names = folder_read(stream, &count);
    closedir(stream);
    if (!options.detail)
        columns_print(names, count);
    for (size_t i = 0; i < count; i++) {
        if (options.detail) {
            char full[4096];
            if (tool_path(full, sizeof full, path, names[i]))
                detail_print(full, names[i]);
        }
        free(names[i]);
    }
    free(names);
}

static void path_print(char *path, bool with_title)
{
    struct stat info;
    if (lstat(path, &info) < 0) {
        tool_error(path);
        return;
    }
    if (S_ISLNK(info.st_mode) && !options.detail)
        stat(path, &info);
    if (!S_ISDIR(info.st_mode) || options.folder_itself) {
        if (options.detail)
            detail_print(path, path);
        else
            puts(path);
        return;
    }
    if (with_title)
        printf("%s:\n", path);
    folder_print(path);
}

int main(int argc, char **argv)
{
    tool_begin("ls", "[-ald1] [PATH]...");
    for (int letter; (letter = tool_option(argc, argv, "ald1")) >= 0;) {
        options.all |= letter == 'a';
        options.detail |= letter == 'l';
        options.single |= letter == '1';
        options.folder_itself |= letter == 'd';
    }
    if (optind == argc)
        path_print((char[]){"."}, false);
    for (int i = optind; i < argc; i++)
        path_print(argv[i], argc - optind > 1);
    return tool_status();
}
