// SPDX-License-Identifier: MIT
// Sending a command to the system: one line in one write(); the answer is read from the same file.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "domain.h"
#include "tool.h"

#define COMMAND_FILE  DOMAIN_FOLDER "command"
#define COMMAND_LIMIT 4096 /* bytes of a line, by the contract */
#define NAME_SHOWN    24   /* no name is longer */

const char *word_shown(const char *word)
{
    static char shown[NAME_SHOWN + 4];
    snprintf(shown, sizeof shown, "%.*s%s", NAME_SHOWN, word,
             strlen(word) > NAME_SHOWN ? "..." : "");
    return shown;
}

/* Joins the words with spaces. False if they do not fit, or would be read as other words. */
static bool line_build(char *line, char *const words[], int count)
{
    size_t length = 0;
    for (int i = 0; i < count; i++) {
        size_t part = strlen(words[i]);
        if (part == 0 || strpbrk(words[i], " \t\n")) {
            tool_complain(words[i], "is empty or has blanks (no name is or has)");
            return false;
        }
        if (length + part + 2 > COMMAND_LIMIT) {
            tool_complain(word_shown(words[count > 1]),
                          "the command is too long (at most %d bytes)", COMMAND_LIMIT);
            return false;
        }
        memcpy(line + length, words[i], part);
        length += part;
        line[length++] = i == count - 1 ? '\n' : ' ';
    }
    line[length] = 0;
    return true;
}

/* Everything that the system answered goes to `to`; whether that was anything. */
static bool answer_copy(int file, FILE *to)
{
    char text[1024];
    bool any = false;
    for (ssize_t length; (length = read(file, text, sizeof text)) != 0;) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            break;
        fwrite(text, 1, (size_t)length, to);
        any = true;
    }
    return any;
}

int command_send(char *const words[], int count)
{
    char line[COMMAND_LIMIT + 1];
    if (!line_build(line, words, count))
        return 2;
    int file = open(COMMAND_FILE, O_RDWR);
    if (file < 0)
        tool_fail(COMMAND_FILE);
    ssize_t written;
    do
        written = write(file, line, strlen(line));
    while (written < 0 && errno == EINTR);
    int reason = errno;
    bool answered = answer_copy(file, written < 0 ? stderr : stdout);
    close(file);
    if (written >= 0)
        return tool_status();
    if (!answered)
        tool_complain(count > 1 ? words[1] : words[0], "%s (see `dmesg | tail`)", strerror(reason));
    return 1;
}
