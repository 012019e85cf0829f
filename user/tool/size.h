// SPDX-License-Identifier: MIT
// Sizes as people read them: 512, 4.0K, 17M. For the -h of ls, df, du and free.
#pragma once

#include <stdint.h>

#define SIZE_TEXT 8 /* bytes, with the NUL */

/* In powers of 1024, one digit behind the point below 10, rounded up: nothing looks smaller than
   it is. */
void size_format(uint64_t bytes, char text[SIZE_TEXT]);
