// SPDX-License-Identifier: MIT
#include "kernel_words.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads a small file whole. False if it cannot be read or is empty. */
static bool file_read(const char *path, char *text, size_t room)
{
    int file = open(path, O_RDONLY);
    if (file < 0)
        return false;
    ssize_t length = read(file, text, room - 1);
    close(file);
    text[length > 0 ? length : 0] = 0;
    return length > 0;
}

bool kernel_word_is_set(const char *word)
{
    char line[1024];
    size_t length = strlen(word);
    if (!file_read("/proc/cmdline", line, sizeof line))
        return false;
    for (char *each = strtok(line, " \n"); each; each = strtok(NULL, " \n"))
        if (strncmp(each, word, length) == 0 && (!each[length] || strcmp(each + length, "=1") == 0))
            return true;
    return false;
}

long kernel_instructions(void)
{
    char text[1024], *end;
    if (!file_read("/proc/stat", text, sizeof text))
        return -1;
    char *line = strstr(text, "insns ");
    if (!line || (line > text && line[-1] != '\n'))
        return -1;
    long all = strtol(line + strlen("insns "), &end, 10);
    return strncmp(end, " idle ", 6) == 0 ? all - strtol(end + 6, NULL, 10) : all;
}
