// SPDX-License-Identifier: MIT
#include "file_at.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool file_reopen(int *file, const char *path, int flags)
{
    if (*file >= 0)
        close(*file);
    do
        *file = open(path, flags, 0600);
    while (*file < 0 && errno == EINTR);
    return *file >= 0;
}

long file_read_at(int file, void *bytes, unsigned long length, long offset)
{
    long done;
    do
        done = pread(file, bytes, length, offset);
    while (done < 0 && errno == EINTR);
    return done;
}

long file_write_at(int file, const void *bytes, unsigned long length, long offset)
{
    long done;
    do
        done = pwrite(file, bytes, length, offset);
    while (done < 0 && errno == EINTR);
    return done;
}
