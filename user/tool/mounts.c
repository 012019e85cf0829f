// SPDX-License-Identifier: MIT
#include "mounts.h"

#include <stdlib.h>
#include <string.h>
#include "tool.h"

#define SOURCE "/proc/mounts"

void mounts_each(void (*work)(const struct mount_line *line))
{
    char *text = NULL;
    size_t room = 0;
    FILE *file = fopen(SOURCE, "r");
    if (!file)
        tool_fail(SOURCE);
    while (getline(&text, &room, file) > 0) {
        struct mount_line line = {.source = strtok(text, " ")};
        line.path = strtok(NULL, " ");
        line.kind = strtok(NULL, " ");
        line.options = strtok(NULL, " ");
        if (line.options)
            work(&line);
    }
    free(text);
    fclose(file);
}
