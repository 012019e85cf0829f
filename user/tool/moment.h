// SPDX-License-Identifier: MIT
// Points in time as they are typed. All are UTC.
#pragma once

#include <stdbool.h>
#include <time.h>

/* "2031-05-04", "2031-05-04 12:30[:15]" (or T between), "@SECONDS" since 1970, "now". False: it is
   none of them, or no such day. */
bool moment_parse(const char *text, struct timespec *moment);
