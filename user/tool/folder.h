// SPDX-License-Identifier: MIT
// The names in a folder, all at once: what is done with them may change the folder.
#pragma once

#include <stddef.h>

/* The names without "." and "..", sorted; with *count. NULL, with errno, where the folder cannot be
   read. Give the result to folder_names_free(). */
char **folder_names(const char *path, size_t *count);

void folder_names_free(char **names, size_t count);
