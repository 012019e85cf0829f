// SPDX-License-Identifier: MIT
// domain: the operator's command. What it says and does lies in files under /proc/sys/domain.
#include <stdlib.h>
#include <string.h>
#include "domain.h"
#include "grammar.h"
#include "tool.h"

/* Takes -j out of the words, wherever it stands. */
static bool json_take(char **words, int *count)
{
    int kept = 0;
    bool json = false;
    for (int i = 0; i < *count; i++) {
        if (strcmp(words[i], "-j") == 0)
            json = true;
        else
            words[kept++] = words[i];
    }
    *count = kept;
    return json;
}

/* The commands that only look. False if it is none of them. */
static bool question_answer(char **words, int count, bool json)
{
    if (strcmp(words[0], "list") == 0)
        table_print("list", "NAME IMPL VERSION ID STATE CALLS FAULTS RESTARTS PAGES RREFS", json);
    else if (strcmp(words[0], "images") == 0)
        table_print("images", "NAME VERSION INTERFACE NUMBER HASH SIZE FROM", json);
    else if (strcmp(words[0], "info") == 0)
        service_print(words[1], json);
    else if (strcmp(words[0], "top") == 0)
        top_run();
    else if (strcmp(words[0], "words") == 0)
        words_print(words + 1, count - 1);
    else
        return false;
    return true;
}

/* Arms, gives the command, and says whether the request was reached. */
static int failnth_run(char **words, int count)
{
    char *off[] = {"failnth", "off"};
    int status = command_send(words, 3);
    if (status)
        return status;
    status = command_send(words + 3, count - 3);
    if (command_send(off,
                     2)) /* may have been the one that failed; then it does not a second time */
        command_send(off, 2);
    return status;
}

static int command_run(char **words, int count)
{
    const struct command *command = command_find(words[0]);
    if (!command) {
        fprintf(stderr, "domain: %s: no such command\n", words[0]);
        usage_print(stderr);
        return 2;
    }
    bool json = strstr(command->synopsis, "[-j]") && json_take(words, &count);
    if (strcmp(words[0], "fault") == 0 && count == 2 && strcmp(words[1], "list") == 0) {
        faults_print();
        return tool_status();
    }
    command_check(command, words, count);
    if (question_answer(words, count, json))
        return tool_status();
    return strcmp(words[0], "failnth") ? command_send(words, count) : failnth_run(words, count);
}

int main(int argc, char **argv)
{
    tool_begin("domain", "help");
    const char *first = argc > 1 ? argv[1] : "help";
    if (strcmp(first, "help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "--help") == 0) {
        usage_print(stdout);
        return tool_status();
    }
    return command_run(argv + 1, argc - 1);
}
