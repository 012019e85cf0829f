// SPDX-License-Identifier: MIT
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tool.h"

#define NAMES_STEP 64

static int name_compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Adds a copy of the name. False if there is no memory for it. */
static int name_add(char ***names, size_t *count, const char *name)
{
    if (*count % NAMES_STEP == 0) {
        char **larger = realloc(*names, (*count + NAMES_STEP) * sizeof **names);
        if (!larger)
            return 0;
        *names = larger;
    }
    (*names)[*count] = strdup(name);
    return (*names)[*count] && ++*count;
}

char **folder_names(const char *path, size_t *count)
{
    DIR *stream = opendir(path);
    char **names = stream ? malloc(NAMES_STEP * sizeof *names) : NULL;
    *count = 0;
    if (!stream)
        return NULL;
    errno = names ? 0 : ENOMEM;
    for (struct dirent *entry; names && (entry = readdir(stream));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!name_add(&names, count, entry->d_name))
            break;
    }
    int reason = errno;
    closedir(stream);
    if (reason) {
        folder_names_free(names, *count);
        errno = reason;
        return NULL;
    }
    qsort(names, *count, sizeof *names, name_compare);
    return names;
}

void folder_names_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

void folder_each(const char *path, void (*visit)(const char *path))
{
    size_t count;
    char **names = folder_names(path, &count);
    if (!names) {
        tool_error(path);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char full[4096];
        if (tool_path(full, sizeof full, path, names[i]))
            visit(full);
    }
    folder_names_free(names, count);
}
