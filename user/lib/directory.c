// SPDX-License-Identifier: MIT
// Folder streams over getdents64.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

ssize_t getdents64(int file, void *buffer, size_t length);

struct folder_stream {
    int file;
    ssize_t filled; /* bytes of `records` that the last call returned */
    ssize_t next;   /* offset of the record that readdir() returns next */
    char records[4096] __attribute__((aligned(8)));
};

DIR *fdopendir(int file)
{
    DIR *stream = calloc(1, sizeof *stream);
    if (stream)
        stream->file = file;
    return stream;
}

DIR *opendir(const char *path)
{
    int file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return NULL;
    DIR *stream = fdopendir(file);
    if (!stream)
        close(file);
    return stream;
}

struct dirent *readdir(DIR *stream)
{
    if (stream->next >= stream->filled) {
        stream->filled = getdents64(stream->file, stream->records, sizeof stream->records);
        stream->next = 0;
        if (stream->filled <= 0)
            return NULL;
    }
    struct dirent *record = (struct dirent *)(stream->records + stream->next);
    stream->next += record->d_reclen;
    return record;
}

void rewinddir(DIR *stream)
{
    lseek(stream->file, 0, SEEK_SET);
    stream->filled = stream->next = 0;
}

int dirfd(DIR *stream)
{
    return stream->file;
}

int closedir(DIR *stream)
{
    int file = stream->file;
    free(stream);
    return close(file);
}
