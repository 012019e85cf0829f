// SPDX-License-Identifier: MIT
// The commands of -exec: one for each path, or with + for as many as fit.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "find.h"
#include "progress.h"
#include "tool.h"

#define COMMAND_WORDS 256
#define BATCHES_MAX   8
#define BATCH_WORDS   1000
#define BATCH_BYTES   65536

/* The paths that an -exec with + has collected; `first` is where that stands. */
static struct batch {
    char **first;
    int fixed, count;
    size_t bytes;
    char *words[COMMAND_WORDS + BATCH_WORDS + 1];
} * batches[BATCHES_MAX];

/* True if the command ends with status 0. */
static bool words_run(char **command)
{
    int status;
    progress_pause();
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        tool_fail("fork");
    if (child == 0) {
        execvp(command[0], command);
        tool_error(command[0]);
        _exit(127);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0;
}

static void batch_run(struct batch *batch)
{
    if (batch->count == batch->fixed)
        return;
    batch->words[batch->count] = NULL;
    if (!words_run(batch->words))
        tool_complain(batch->words[0], "ended with a failure");
    while (batch->count > batch->fixed)
        free(batch->words[--batch->count]);
    batch->bytes = 0;
}

static struct batch *batch_find(char **first, int fixed)
{
    int i = 0;
    while (i < BATCHES_MAX && batches[i] && batches[i]->first != first)
        i++;
    if (i == BATCHES_MAX)
        tool_usage_error("more than %d -exec with +", BATCHES_MAX);
    if (batches[i])
        return batches[i];
    struct batch *batch = batches[i] = calloc(1, sizeof *batch);
    if (!batch)
        tool_fail("memory");
    batch->first = first;
    batch->fixed = batch->count = fixed;
    memcpy(batch->words, first, (size_t)fixed * sizeof *first);
    return batch;
}

static void batch_add(struct batch *batch, const char *path)
{
    if (batch->count == batch->fixed + BATCH_WORDS || batch->bytes + strlen(path) > BATCH_BYTES)
        batch_run(batch);
    if (!(batch->words[batch->count++] = strdup(path)))
        tool_fail("memory");
    batch->bytes += strlen(path) + 1;
}

bool command_take(char ***next, const struct entry *entry)
{
    char *command[COMMAND_WORDS], **first = *next;
    int count = 0;
    bool together = false;
    for (; **next && strcmp(**next, ";") != 0 && !together; ++*next) {
        if (count == COMMAND_WORDS - 1)
            tool_usage_error("-exec: more than %d words", COMMAND_WORDS - 1);
        bool path = strcmp(**next, "{}") == 0;
        together = path && (*next)[1] && strcmp((*next)[1], "+") == 0;
        command[count++] = path && entry ? (char *)entry->path : **next;
    }
    if (!**next || count - together == 0)
        tool_usage_error("-exec: a command with \";\" or \"{} +\" behind it is needed");
    ++*next;
    if (!entry)
        return false;
    if (together) {
        batch_add(batch_find(first, count - 1), entry->path);
        return true;
    }
    command[count] = NULL;
    return words_run(command);
}

void commands_finish(void)
{
    for (int i = 0; i < BATCHES_MAX && batches[i]; i++)
        batch_run(batches[i]);
}
