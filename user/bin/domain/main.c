// SPDX-License-Identifier: MIT
// domain: the operator's command. What it says and does lies in files under /proc/sys/domain.
#include <stdlib.h>
#include <string.h>
#include "domain.h"
#include "tool.h"

static const char usage[] =
    "domain list [-j]                     the running services\n"
    "       domain info NAME [-j]                one of them in full\n"
    "       domain images [-j]                   the images known\n"
    "       domain register FILE                 verify an image and make it known by its name\n"
    "       domain load IMAGE [as NAME]          start a service\n"
    "       domain update NAME IMAGE             replace what serves NAME, while it runs\n"
    "       domain rollback NAME                 back to the image before the last update\n"
    "       domain restart NAME                  start NAME again from its image\n"
    "       domain stop NAME [--force]           end NAME; --force: even if others hold it\n"
    "       domain fault NAME CLASS [in STAGE]   the next call into NAME commits a fault, or its\n"
    "                                            init, import, attach, detach, export, exit, "
    "thread\n"
    "       domain fault list                    the classes of faults\n"
    "       domain forget IMAGE                  give back what an image from a file takes\n"
    "       domain shadow NAME on|off            hide faults of NAME by a restart, or show them\n"
    "       domain failnth KIND N COMMAND...     give a command whose Nth request for a page, "
    "object,\n"
    "                                            rref, handle, event, slot, thread, stack fails\n"
    "       domain verify FILE                   run the verifier only\n"
    "       domain top                           live screen; q quits\n"
    "       domain words [WORD]...               what may come next, for the shell's Tab";

/* How many words each command has behind its name; what they mean is the system's to say. */
static const struct {
    const char *name;
    int least, most;
    const char *synopsis;
} commands[] = {
    {"register", 1, 1, "register FILE"},
    {"load", 1, 3, "load IMAGE [as NAME]"},
    {"update", 2, 3, "update NAME IMAGE"},
    {"rollback", 1, 1, "rollback NAME"},
    {"restart", 1, 1, "restart NAME"},
    {"stop", 1, 2, "stop NAME [--force]"},
    {"fault", 2, 4, "fault NAME CLASS [in STAGE], or domain fault list"},
    {"forget", 1, 1, "forget IMAGE"},
    {"shadow", 2, 2, "shadow NAME on|off"},
    {"verify", 1, 1, "verify FILE"},
    {"failnth", 3, 8, "failnth KIND N COMMAND..."},
};

_Noreturn static void usage_refuse(const char *synopsis)
{
    fprintf(stderr, "usage: domain %s\n", synopsis);
    exit(2);
}

/* Says which word of the synopsis is missing behind the command, or that the last is too many. */
_Noreturn static void count_refuse(char **words, int count, int least, const char *synopsis)
{
    const char *at = synopsis;
    for (int i = 0; i < count && count <= least; i++)
        at += strcspn(at, " ") + 1;
    if (count <= least)
        fprintf(stderr, "domain: %s: %.*s is missing\n", words[count - 1], (int)strcspn(at, " ,"),
                at);
    else
        fprintf(stderr, "domain: %s: not expected\n", words[count - 1]);
    usage_refuse(synopsis);
}

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
static bool question_answer(char **words, int count)
{
    bool list = strcmp(words[0], "list") == 0, images = strcmp(words[0], "images") == 0;
    bool info = strcmp(words[0], "info") == 0;
    if (!list && !images && !info)
        return false;
    bool json = json_take(words, &count);
    if (count != 1 + info)
        count_refuse(words, count, info,
                     info   ? "info NAME [-j]"
                     : list ? "list [-j]"
                            : "images [-j]");
    if (list)
        table_print("list", "NAME IMPL VERSION ID STATE CALLS FAULTS RESTARTS PAGES RREFS", json);
    else if (images)
        table_print("images", "NAME VERSION INTERFACE NUMBER HASH SIZE FROM", json);
    else
        service_print(words[1], json);
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
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(words[0], commands[i].name) != 0)
            continue;
        if (count - 1 < commands[i].least || count - 1 > commands[i].most)
            count_refuse(words, count, commands[i].least, commands[i].synopsis);
        if (strcmp(words[0], "load") == 0 &&
            (count == 3 || (count == 4 && strcmp(words[2], "as") != 0)))
            usage_refuse(commands[i].synopsis);
        if (strcmp(words[0], "fault") == 0 &&
            (count == 4 || (count == 5 && strcmp(words[3], "in") != 0)))
            usage_refuse(commands[i].synopsis);
        if (strcmp(words[0], "shadow") == 0 && strcmp(words[2], "on") != 0 &&
            strcmp(words[2], "off") != 0)
            usage_refuse(commands[i].synopsis);
        if (strcmp(words[0], "stop") == 0 && count == 3 && strcmp(words[2], "--force") != 0)
            usage_refuse(commands[i].synopsis);
        return strcmp(words[0], "failnth") ? command_send(words, count) : failnth_run(words, count);
    }
    fprintf(stderr, "domain: %s: no such command\nusage: %s\n", words[0], usage);
    return 2;
}

int main(int argc, char **argv)
{
    tool_begin("domain", usage + strlen("domain "));
    char **words = argv + 1;
    int count = argc - 1;
    if (count == 0 || strcmp(words[0], "help") == 0 || strcmp(words[0], "-h") == 0 ||
        strcmp(words[0], "--help") == 0) {
        printf("usage: %s\n", usage);
        return tool_status();
    }
    if (question_answer(words, count))
        return tool_status();
    if (strcmp(words[0], "fault") == 0 && count == 2 && strcmp(words[1], "list") == 0) {
        faults_print();
        return tool_status();
    }
    if (strcmp(words[0], "words") == 0) {
        words_print(words + 1, count - 1);
        return tool_status();
    }
    if (strcmp(words[0], "top") == 0) {
        if (count != 1)
            usage_refuse("top");
        top_run();
        return tool_status();
    }
    return command_run(words, count);
}
