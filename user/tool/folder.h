// SPDX-License-Identifier: MIT
// The names in a folder, all at once: what is done with them may change the folder.
#pragma once

#include <stddef.h>

/* The names without "." and "..", sorted; with *count. NULL, with errno, where the folder cannot be
   read. Give the result to folder_names_free(). */
char **folder_names(const char *path, size_t *count);

void folder_names_free(char **names, size_t count);

/* Calls VISIT with the path of each thing in the folder, in the order of their names. One that
   cannot be read, and paths that are too long, are told of (tool_error). */
void folder_each(const char *path, void (*visit)(const char *path));
