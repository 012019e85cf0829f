// SPDX-License-Identifier: MIT
// File modes as people read them.
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#define MODE_TEXT 11 /* bytes, with the NUL */

/* "drwxr-xr-x". */
void mode_format(mode_t mode, char text[MODE_TEXT]);

/* What a mode like 644, or changes like u+x,go-w make of *mode. False: it is none. */
bool mode_parse(const char *text, mode_t *mode);

/* "directory", "regular file" ... */
const char *mode_kind(mode_t mode);
