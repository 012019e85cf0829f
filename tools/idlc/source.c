// SPDX-License-Identifier: MIT
#include "source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void source_refuse(struct source *source, struct position at, const char *format, ...)
{
    if (source->errors++ >= SOURCE_ERRORS_MAX)
        return;
    fprintf(stderr, "%s:%u:%u: ", source->path, at.line, at.column);
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
}

static bool source_read(struct source *source)
{
    FILE *file = fopen(source->path, "rb");
    if (!file)
        return false;
    source->text = calloc(1, SOURCE_BYTES_MAX + 2);
    if (source->text)
        source->length = fread(source->text, 1, SOURCE_BYTES_MAX + 1, file);
    bool good = source->text && !ferror(file);
    int error = errno;
    fclose(file);
    errno = error;
    return good;
}

static void source_check_byte(struct source *source, struct position at, unsigned char byte)
{
    if (byte == '\0')
        source_refuse(source, at, "NUL byte, this is not a text file, remove the byte");
    else if (byte == '\r')
        source_refuse(source, at,
                      "carriage return, lines end in a line feed alone, save the file "
                      "with Unix line endings");
    else if ((byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7f)
        source_refuse(source, at,
                      "control character 0x%02x, it would pass unseen into generated "
                      "files, remove it",
                      byte);
}

static void source_check_bytes(struct source *source)
{
    struct position at = {1, 1};
    for (size_t i = 0; i < source->length && !source->errors; i++, at.column++) {
        source_check_byte(source, at, (unsigned char)source->text[i]);
        if (source->text[i] == '\n')
            at = (struct position){at.line + 1, 0};
    }
}

bool source_load(struct source *source, const char *path)
{
    *source = (struct source){.path = path};
    struct position start = {1, 1};
    if (!source_read(source)) {
        source_refuse(source, start, "cannot read the file, %s, check its name and rights",
                      strerror(errno));
        return false;
    }
    if (source->length > SOURCE_BYTES_MAX) {
        source_refuse(source, start,
                      "file of more than %d bytes, descriptions are small, check "
                      "that this is the file you meant",
                      SOURCE_BYTES_MAX);
        return false;
    }
    source_check_bytes(source);
    return source->errors == 0;
}

void source_stem(const struct source *source, char *stem, size_t size)
{
    const char *slash = strrchr(source->path, '/');
    const char *name = slash ? slash + 1 : source->path;
    const char *dot = strrchr(name, '.');
    snprintf(stem, size, "%.*s", dot ? (int)(dot - name) : (int)strlen(name), name);
}
