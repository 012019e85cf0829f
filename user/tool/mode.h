// SPDX-License-Identifier: MIT
// File modes as people read them.
#pragma once

#include <sys/stat.h>

#define MODE_TEXT 11 /* bytes, with the NUL */

/* "drwxr-xr-x". */
void mode_format(mode_t mode, char text[MODE_TEXT]);

/* "folder", "regular file" ... */
const char *mode_kind(mode_t mode);
