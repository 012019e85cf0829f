// SPDX-License-Identifier: MIT
// A line on stderr that says how far a long piece of work is: only on a terminal, only once it has
// taken a second, and erased at the end. One piece of work at a time.
#pragma once

#include <stdint.h>

enum progress_unit { PROGRESS_BYTES, PROGRESS_ITEMS };

/* `what` is shown in front and must last; `total` 0: not known. */
void progress_begin(const char *what, enum progress_unit unit, uint64_t total);

/* The same for an open file, with its size as the total. */
void progress_begin_file(const char *what, int file);

/* That much more is done. */
void progress_add(uint64_t amount);

/* Erases the line. Anything that is printed comes after this. errno stays as it is. */
void progress_end(void);
