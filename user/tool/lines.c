// SPDX-License-Identifier: MIT
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "tool.h"

void lines_each(int file, const char *path, void (*work)(char *line, size_t length))
{
    FILE *stream = fdopen(dup(file), "r");
    char *line = NULL;
    size_t room = 0;
    if (!stream)
        tool_fail(path);
    for (ssize_t length; (length = getline(&line, &room, stream)) > 0;) {
        if (line[length - 1] == '\n')
            line[--length] = 0;
        work(line, (size_t)length);
        tool_output_check();
    }
    if (ferror(stream))
        tool_error(path);
    free(line);
    fclose(stream);
}
