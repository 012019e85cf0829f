// SPDX-License-Identifier: MIT
// newlib's unistd.h and what it leaves out.
#pragma once

#include_next <unistd.h>

int setresuid(uid_t real, uid_t effective, uid_t saved);
int setresgid(gid_t real, gid_t effective, gid_t saved);

// Copies up to LENGTH bytes without a detour through the program, from *IN_OFFSET to *OUT_OFFSET,
// which move; NULL: the file's own position. The count, which may be less; 0 at the end. FLAGS: 0.
ssize_t copy_file_range(int in, off_t *in_offset, int out, off_t *out_offset, size_t length,
                        unsigned flags);

// Writes to its device what is only in memory of the file system that the file is on.
int syncfs(int file);
