// SPDX-License-Identifier: MIT
// ls: lists files and folders, in columns on a terminal. -a: names with a dot too (-A: not . and
// ..), -l: with mode, links, owner, size and time (-h: sizes as 4.0K), -i: with the inode's number,
// -F: a mark behind what is no plain file, -1: one a line, -d: folders themselves, -R: all that is
// below. Order: -t newest first, -S largest first, -U as the folder has them, -r backwards.
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
#include "size.h"
#include "tool.h"

static struct {
    bool all, dots, detail, human, inode, marked, single, folder_itself, recursive, backwards;
    char order; /* 't', 'S', 'U', or 0: by name */
} options;

struct entry {
    char *name;
    struct stat info; /* where with_info() says so */
};

struct list {
    struct entry *entries;
    size_t count;
};

static bool with_info(void)
{
    return options.detail || options.inode || options.marked || options.recursive ||
           options.order == 't' || options.order == 'S';
}

// ---- Lists ----

static void list_add(struct list *list, const char *name, const struct stat *info)
{
    size_t count = list->count;
    if (count % 64 == 0 &&
        !(list->entries = realloc(list->entries, (count + 64) * sizeof *list->entries)))
        tool_fail("memory");
    list->entries[count].name = strdup(name);
    if (!list->entries[count].name)
        tool_fail("memory");
    if (info)
        list->entries[count].info = *info;
    list->count++;
}

static void list_free(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->entries[i].name);
    free(list->entries);
}

static int time_compare(const struct timespec *a, const struct timespec *b)
{
    if (a->tv_sec != b->tv_sec)
        return a->tv_sec < b->tv_sec ? 1 : -1;
    return (a->tv_nsec < b->tv_nsec) - (a->tv_nsec > b->tv_nsec);
}

static int entry_compare(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = 0;
    if (options.order == 't')
        order = time_compare(&a->info.st_mtim, &b->info.st_mtim);
    if (options.order == 'S')
        order = (a->info.st_size < b->info.st_size) - (a->info.st_size > b->info.st_size);
    if (order == 0)
        order = strcmp(a->name, b->name);
    return options.backwards ? -order : order;
}

static void list_sort(struct list *list)
{
    if (options.order != 'U' && list->count)
        qsort(list->entries, list->count, sizeof *list->entries, entry_compare);
}

static bool is_hidden(const char *name)
{
    bool dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    return name[0] == '.' && (dots ? !options.dots : !options.all);
}

/* False, after a complaint, where the folder cannot be read. */
static bool folder_read(const char *path, struct list *list)
{
    DIR *stream = opendir(path);
    struct dirent *each;
    *list = (struct list){0};
    if (!stream) {
        tool_error(path);
        return false;
    }
    for (errno = 0; (each = readdir(stream)); errno = 0) {
        char full[4096];
        struct stat info;
        if (is_hidden(each->d_name))
            continue;
        if (!with_info())
            list_add(list, each->d_name, NULL);
        else if (tool_path(full, sizeof full, path, each->d_name) &&
                 (lstat(full, &info) == 0 || tool_error(full) == 0))
            list_add(list, each->d_name, &info);
    }
    if (errno)
        tool_error(path);
    closedir(stream);
    list_sort(list);
    return true;
}

// ---- Printing ----

static const char *mark_find(const struct stat *info)
{
    mode_t mode = info->st_mode;
    if (!options.marked)
        return "";
    if (S_ISREG(mode))
        return mode & 0111 ? "*" : "";
    return S_ISDIR(mode) ? "/" : S_ISLNK(mode) ? "@" : S_ISFIFO(mode) ? "|" : "";
}

static void name_print(const struct entry *entry, int width)
{
    int length = 0;
    if (options.inode)
        length += printf("%7lu ", (unsigned long)entry->info.st_ino);
    length += printf("%s%s", entry->name, options.marked ? mark_find(&entry->info) : "");
    if (width)
        printf("%*s", width - length, "");
}

static void detail_print(const char *folder, const struct entry *entry)
{
    const struct stat *info = &entry->info;
    char mode[MODE_TEXT], when[32] = "", size[32], target[256] = "", path[4096];
    mode_format(info->st_mode, mode);
    if (S_ISCHR(info->st_mode) || S_ISBLK(info->st_mode))
        snprintf(size, sizeof size, "%u, %u", major(info->st_rdev), minor(info->st_rdev));
    else if (options.human)
        size_format((uint64_t)info->st_size, size);
    else
        snprintf(size, sizeof size, "%ld", (long)info->st_size);
    time_t seconds = info->st_mtime;
    strftime(when, sizeof when, "%Y-%m-%d %H:%M", gmtime(&seconds));
    if (options.inode)
        printf("%7lu ", (unsigned long)info->st_ino);
    printf("%s %2u %4u %4u %9s %s %s", mode, (unsigned)info->st_nlink, (unsigned)info->st_uid,
           (unsigned)info->st_gid, size, when, entry->name);
    if (!S_ISLNK(info->st_mode))
        printf("%s", mark_find(info));
    else if ((!folder || tool_path(path, sizeof path, folder, entry->name)) &&
             readlink(folder ? path : entry->name, target, sizeof target - 1) > 0)
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

/* Downwards in as many columns as fit. */
static void columns_print(const struct list *list)
{
    int widest = 1, width = terminal_width(), more = 2 + 8 * options.inode + options.marked;
    for (size_t i = 0; i < list->count; i++) {
        int length = (int)strlen(list->entries[i].name);
        widest = length > widest ? length : widest;
    }
    size_t columns = width > widest + more ? (size_t)(width / (widest + more)) : 1;
    size_t rows = (list->count + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++)
        for (size_t i = row; i < list->count; i += rows) {
            bool last = i + rows >= list->count;
            name_print(&list->entries[i], last ? 0 : widest + more);
            if (last)
                putchar('\n');
        }
}

/* `folder` NULL: the names are paths. */
static void list_print(const char *folder, const struct list *list)
{
    if (!options.detail)
        columns_print(list);
    for (size_t i = 0; options.detail && i < list->count; i++)
        detail_print(folder, &list->entries[i]);
    tool_output_check();
}

static void folder_print(const char *path, bool with_title)
{
    static bool any;
    struct list list;
    if (!folder_read(path, &list))
        return;
    if (with_title)
        printf(any ? "\n%s:\n" : "%s:\n", path);
    any = true;
    list_print(path, &list);
    for (size_t i = 0; options.recursive && i < list.count; i++) {
        char full[4096];
        const struct entry *entry = &list.entries[i];
        if (S_ISDIR(entry->info.st_mode) && strcmp(entry->name, ".") != 0 &&
            strcmp(entry->name, "..") != 0 && tool_path(full, sizeof full, path, entry->name))
            folder_print(full, true);
    }
    list_free(&list);
}

/* What is no folder comes first, together. */
static void operands_print(int count, char **paths)
{
    struct list files = {0}, folders = {0};
    for (int i = 0; i < count; i++) {
        struct stat info, target;
        if (lstat(paths[i], &info) < 0) {
            tool_error(paths[i]);
            continue;
        }
        if (S_ISLNK(info.st_mode) && !options.detail && stat(paths[i], &target) == 0 &&
            S_ISDIR(target.st_mode))
            info = target;
        bool folder = S_ISDIR(info.st_mode) && !options.folder_itself;
        list_add(folder ? &folders : &files, paths[i], &info);
    }
    list_sort(&files);
    list_sort(&folders);
    list_print(NULL, &files);
    if (files.count && folders.count)
        putchar('\n');
    for (size_t i = 0; i < folders.count; i++)
        folder_print(folders.entries[i].name, count > 1 || options.recursive);
    list_free(&files);
    list_free(&folders);
}

int main(int argc, char **argv)
{
    tool_begin("ls", "[-AFRSUadhilrt1] [PATH]...");
    for (int letter; (letter = tool_option(argc, argv, "AFRSUadhilrt1")) >= 0;) {
        options.all |= letter == 'a' || letter == 'A';
        options.dots |= letter == 'a';
        options.detail |= letter == 'l';
        options.human |= letter == 'h';
        options.inode |= letter == 'i';
        options.marked |= letter == 'F';
        options.single |= letter == '1';
        options.folder_itself |= letter == 'd';
        options.recursive |= letter == 'R';
        options.backwards |= letter == 'r';
        if (letter == 't' || letter == 'S' || letter == 'U')
            options.order = (char)letter;
    }
    if (optind == argc)
        operands_print(1, (char *[]){"."});
    else
        operands_print(argc - optind, argv + optind);
    return tool_status();
}
