// SPDX-License-Identifier: MIT
// A line on stderr that says how far a long piece of work is: only on a terminal, only once it has
// taken a second, and erased at the end and before each message of tool.h.
#pragma once

#include <stdint.h>

enum progress_unit { PROGRESS_BYTES, PROGRESS_ITEMS };

/* `what` is shown in front and must last; `total` 0: not known. Work that is part of other work
   (one file of many) begins and ends within it, three deep at most: the line tells about the part,
   or of the whole where the part is short, and its second counts from the beginning of the whole.
 */
void progress_begin(const char *what, enum progress_unit unit, uint64_t total);

/* The same for an open file, with its size as the total. */
void progress_begin_file(const char *what, int file);

/* That much more is done; of nothing where nothing has begun. */
void progress_add(uint64_t amount);

/* Erases the line until there is something new to tell: to be called before printing. errno stays
   as it is. */
void progress_pause(void);

/* The end of what began last, with the erasing where that was all. errno stays as it is. */
void progress_end(void);
