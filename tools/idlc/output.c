// SPDX-License-Identifier: MIT
#include "output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// One file is open at a time.
static char final_path[4096];
static char temporary_path[4096 + 8];

static void output_refuse(struct output *output, const char *path)
{
    fprintf(stderr, "idlc: %s: cannot write, %s, check the folder given with --out\n", path,
            strerror(errno));
    output->failed = true;
}

static bool make_folders(const char *path)
{
    char part[4096];
    for (size_t i = 1; path[i - 1] && i < sizeof(part); i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return false;
    }
    return true;
}

FILE *output_open(struct output *output, const char *prefix, const char *suffix)
{
    int length =
        snprintf(final_path, sizeof(final_path), "%s/%s%s", output->folder, prefix, suffix);
    if (length >= (int)sizeof(final_path)) {
        errno = ENAMETOOLONG;
        output_refuse(output, output->folder);
        return NULL;
    }
    snprintf(temporary_path, sizeof(temporary_path), "%s.new", final_path);
    FILE *file = make_folders(output->folder) ? fopen(temporary_path, "w") : NULL;
    if (!file)
        output_refuse(output, temporary_path);
    return file;
}

void output_close(struct output *output, FILE *file)
{
    bool good = !ferror(file);
    good = fclose(file) == 0 && good;
    if (good && rename(temporary_path, final_path) == 0)
        return;
    output_refuse(output, final_path);
    unlink(temporary_path);
}
