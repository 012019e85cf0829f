// SPDX-License-Identifier: MIT
// Files of services that may crash or be replaced between two calls.
#pragma once

#include <stdbool.h>

/* open() that replaces the file number in *file, if that is one. */
bool file_reopen(int *file, const char *path, int flags);

/* Calls that are begun again after -EINTR, which is no answer of the service. */
long file_read_at(int file, void *bytes, unsigned long length, long offset);
long file_write_at(int file, const void *bytes, unsigned long length, long offset);
