// SPDX-License-Identifier: MIT
// Reading text line by line.
#pragma once

#include <stddef.h>

/* Calls `work` with each line of the open file, without its newline but with a NUL behind it. A
   line may hold NULs; `length` counts them. Reports what cannot be read. */
void lines_each(int file, const char *path, void (*work)(char *line, size_t length));
