// SPDX-License-Identifier: MIT
// man: shows the page of a program, through more on a terminal. Without a name, or with -k WORD:
// the pages there are, or those about something, a line each. `help` is another name for it.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "folder.h"
#include "screen.h"
#include "tool.h"

#define FOLDER "/usr/share/man"
#define PAGER  "/bin/more"

/* The line "NAME - what it does" of a page: the second one. False if there is none. */
static bool summary_read(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool found = fgets(line, (int)size, file) && fgets(line, (int)size, file);
    fclose(file);
    return found;
}

static bool text_has(const char *text, const char *word)
{
    for (; *text; text++)
        if (strncasecmp(text, word, strlen(word)) == 0)
            return true;
    return !*word;
}

static int summaries_print(const char *word)
{
    size_t count;
    bool found = false;
    char **names = folder_names(FOLDER, &count);
    if (!names)
        tool_fail(FOLDER);
    for (size_t i = 0; i < count; i++) {
        char path[4096], line[256];
        if (!tool_path(path, sizeof path, FOLDER, names[i]) ||
            !summary_read(path, line, sizeof line) || !text_has(line, word))
            continue;
        const char *summary = line + strspn(line, " ");
        size_t length = strlen(names[i]);
        if (strncmp(summary, names[i], length) != 0 || !strchr(" ,", summary[length]))
            continue; /* the second name of a page */
        fputs(summary, stdout);
        found = true;
    }
    folder_names_free(names, count);
    if (!found)
        tool_complain(word, "no page is about it");
    return tool_status();
}

static void page_copy(int page, const char *path)
{
    char buffer[4096];
    for (ssize_t length; (length = read(page, buffer, sizeof buffer)) != 0;) {
        if (length < 0)
            tool_fail(path);
        fwrite(buffer, 1, (size_t)length, stdout);
    }
}

static int page_show(const char *name)
{
    char path[4096];
    if (strchr(name, '/') || !*name)
        tool_usage_error("%s: not a name", name);
    if (!tool_path(path, sizeof path, FOLDER, name))
        return tool_status();
    int page = open(path, O_RDONLY);
    if (page < 0 && errno == ENOENT)
        tool_complain(name, "no page of that name (man lists them)");
    else if (page < 0)
        tool_error(path);
    if (page < 0)
        return tool_status();
    if (screen_is_attended(STDOUT_FILENO)) {
        execl(PAGER, "more", path, (char *)NULL);
        tool_error(PAGER);
    }
    page_copy(page, path);
    return tool_status();
}

int main(int argc, char **argv)
{
    const char *word = NULL;
    tool_begin("man", "[[SECTION] NAME | -k WORD]");
    while (tool_option(argc, argv, "k:") >= 0)
        word = optarg;
    if (argc - optind == 2 && strspn(argv[optind], "12345678") == strlen(argv[optind]))
        optind++; /* there is one section */
    if (argc - optind > 1 || (word && optind < argc))
        tool_usage_error("%s: one name at a time", argv[argc - 1]);
    return optind < argc ? page_show(argv[optind]) : summaries_print(word ? word : "");
}
