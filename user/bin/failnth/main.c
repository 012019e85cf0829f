// SPDX-License-Identifier: MIT
// failnth: for each operation and each kind of request, lets the first request fail, then the
// second, and so on until the operation makes no more. After each: it must end, with an error or
// well; the system must have what it had before; and the next try must go well.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "failnth.h"
#include "system.h"
#include "tool.h"

#define LOOKS       10 /* at what is missing, which may be on its way back */
#define REPEATS     8  /* of what seems to leak: growth to a new greatest need does not go on */
#define REACHED_MAX 20000

static const char usage[] =
    "[--operations=NAME,...] [--kinds=KIND,...] [--from=N] [--to=N] [--times=N]\n"
    "               [--verbose] [-j]\n"
    "  --operations  what is done while requests fail (all; see `failnth list`)\n"
    "  --kinds       of requests: page, object, rref, handle, event, slot, thread, stack (all)\n"
    "  --from, --to  which requests (all: from the first until no more are made)\n"
    "  --times       how many requests fail in a row (1)\n"
    "  --verbose     a line for each request that failed\n"
    "  -j            the results as JSON, one object a line";

static struct {
    const char *operations, *kinds;
    unsigned from, to, times;
    bool verbose, json;
} settings = {NULL, NULL, 1, REACHED_MAX, 1, false, false};

/* What became of the requests of one kind in one operation. */
struct counts {
    unsigned failed, errors, served; /* served: the operation did without */
    unsigned leaks, stuck; /* stuck: the next try did not go well, or the old did not serve */
};

/* ---- Looking ---- */

static bool is_same(const struct resources *now, const struct resources *before)
{
    return pages_missing(now, before) <= 0 && now->rrefs_free >= before->rrefs_free &&
           now->threads <= before->threads && now->events <= before->events &&
           now->handles <= before->handles && now->slots_free >= before->slots_free;
}

/* Whether the system gets back what it had; *now receives what it has at last. */
static bool resources_return(struct resources *now, const struct resources *before)
{
    for (int looks = 0; looks < LOOKS; looks++) {
        if (!resources_read(now))
            continue;
        if (is_same(now, before))
            return true;
        pause_shortly();
    }
    return false;
}

static void difference_print(const struct resources *now, const struct resources *before)
{
    printf("    missing: %ld pages, %ld RRefs, %ld threads, %ld events, %ld handles, %ld slots\n",
           (long)pages_missing(now, before), (long)(before->rrefs_free - now->rrefs_free),
           (long)(now->threads - before->threads), (long)(now->events - before->events),
           (long)(now->handles - before->handles), (long)(before->slots_free - now->slots_free));
}

/* Does the image that has served before serve now? It may be on its way back. */
static bool old_serves(const struct operation *operation)
{
    struct service service;
    if (!operation->service)
        return true;
    for (int tries = 0; tries < TRIES; tries++) {
        if (service_look(operation->service, &service) && service_is_up(&service))
            return strcmp(service.image, operation->from) == 0;
        pause_shortly();
    }
    return false;
}

/* Does it until it goes well: another may be at work on the service for a moment. */
static bool persist(bool (*work)(const struct operation *, char *),
                    const struct operation *operation, char *reason)
{
    for (int tries = 0; tries < TRIES; tries++) {
        if (!work || work(operation, reason))
            return true;
        if (!strstr(reason, "busy"))
            return false;
        pause_shortly();
    }
    return false;
}

/* ---- One request ---- */

static void complain(const struct operation *operation, const char *kind, unsigned nth,
                     const char *what, const char *reason)
{
    printf("  %s: %s %u: %s%s%s\n", operation->name, kind, nth, what, reason[0] ? ": " : "",
           reason);
    fflush(stdout);
}

/* What came of an operation with a request that fails. */
struct trial {
    bool told, fired, done; /* told: the system says whether the request was reached */
    char reason[REASON_MAX];
};

/* Again where the operation found somebody busy, which has nothing to do with the request. */
static struct trial trial_run(const struct operation *operation, const char *kind, unsigned nth)
{
    struct trial trial;
    unsigned left;
    for (int tries = 0; tries < TRIES; tries++) {
        trial = (struct trial){0};
        bool armed = failnth_arm(kind, nth, settings.times);
        trial.done = armed && operation->run(operation, trial.reason);
        trial.told = failnth_disarm(&trial.fired, &left);
        if (trial.done || trial.fired || !strstr(trial.reason, "busy"))
            break;
        pause_shortly();
    }
    return trial;
}

/* The operation with its NTH request of that kind failing. False: it makes fewer. */
static bool request_fail(const struct operation *operation, const char *kind, unsigned nth,
                         struct counts *counts)
{
    const struct trial trial = trial_run(operation, kind, nth);
    char later[REASON_MAX] = "";
    counts->failed += trial.fired;
    counts->served += trial.fired && trial.done;
    counts->errors += trial.fired && !trial.done;
    if (trial.fired && settings.verbose)
        complain(operation, kind, nth, trial.done ? "did without" : "failed", trial.reason);
    const char *wrong = NULL, *why = trial.reason;
    if (!trial.told)
        wrong = "the system does not say whether it failed";
    else if (!trial.done && !trial.fired)
        wrong = "failed for another reason";
    else if (!trial.done && !old_serves(operation))
        wrong = "what served before serves no more";
    else if (!trial.done && !persist(operation->run, operation, later))
        wrong = "the next try failed", why = later;
    else if (!persist(operation->undo, operation, later))
        wrong = "it cannot be undone", why = later;
    if (wrong)
        complain(operation, kind, nth, wrong, why);
    counts->stuck += wrong != NULL;
    return trial.fired;
}

/* The same, and whether everything is back. */
static bool request_check(const struct operation *operation, const char *kind, unsigned nth,
                          struct counts *counts)
{
    struct resources before, now;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        struct counts once = {0};
        while (!resources_read(&before))
            pause_shortly();
        bool fired = request_fail(operation, kind, nth, &once);
        bool back = resources_return(&now, &before);
        if (repeat == 0) {
            counts->failed += once.failed;
            counts->errors += once.errors;
            counts->served += once.served;
        }
        counts->stuck += once.stuck;
        if (back || once.stuck)
            return fired;
    }
    complain(operation, kind, nth, "leaks, each time", "");
    difference_print(&now, &before);
    counts->leaks++;
    return true;
}

/* ---- All requests ---- */

static void counts_print(const struct operation *operation, const char *kind,
                         const struct counts *counts)
{
    const char *form = settings.json
                           ? "{\"operation\":\"%s\",\"kind\":\"%s\",\"failed\":%u,\"errors\":%u,"
                             "\"served\":%u,\"leaks\":%u,\"stuck\":%u}\n"
                           : "%-16s %-8s %5u failed: %5u errors, %5u done without, %u leaks, "
                             "%u stuck\n";
    printf(form, operation->name, kind, counts->failed, counts->errors, counts->served,
           counts->leaks, counts->stuck);
    fflush(stdout);
}

/* False: something was not right. */
static bool kind_sweep(const struct operation *operation, const char *kind)
{
    struct counts counts = {0};
    for (unsigned nth = settings.from; nth <= settings.to; nth++)
        if (!request_check(operation, kind, nth, &counts) || counts.stuck)
            break;
    counts_print(operation, kind, &counts);
    return !counts.leaks && !counts.stuck;
}

/* Is `name` one of the words between commas, or is there no list? */
static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *word = list; word; word = strchr(word, ',')) {
        word += *word == ',';
        if (strncmp(word, name, length) == 0 && (!word[length] || word[length] == ','))
            return true;
    }
    return !list;
}

static bool operation_sweep(const struct operation *operation)
{
    char reason[REASON_MAX] = "";
    bool good = true;
    for (int warm = 0; warm < 2; warm++) {
        if (persist(operation->run, operation, reason) &&
            persist(operation->undo, operation, reason))
            continue;
        tool_complain(operation->name, "does not work with nothing failing: %s", reason);
        return false;
    }
    for (const char *const *kind = kinds; *kind; kind++)
        if (is_listed(settings.kinds, *kind))
            good &= kind_sweep(operation, *kind);
    return good;
}

/* ---- Words of the command ---- */

static const char *value_of(const char *word, const char *name)
{
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static bool number_set(const char *text, unsigned *number)
{
    long value;
    if (!text || !tool_number(text, 1, REACHED_MAX, &value))
        return false;
    *number = (unsigned)value;
    return true;
}

static void setting_read(const char *word)
{
    const char *value;
    if (strcmp(word, "-j") == 0)
        settings.json = true;
    else if (strcmp(word, "--verbose") == 0)
        settings.verbose = true;
    else if ((value = value_of(word, "--operations")))
        settings.operations = value;
    else if ((value = value_of(word, "--kinds")))
        settings.kinds = value;
    else if (!number_set(value_of(word, "--from"), &settings.from) &&
             !number_set(value_of(word, "--to"), &settings.to) &&
             !number_set(value_of(word, "--times"), &settings.times))
        tool_usage_error("%s: no such option", word);
}

int main(int argc, char **argv)
{
    bool good = true;
    unsigned swept = 0;
    tool_begin("failnth", usage);
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (size_t i = 0; i < operation_count; i++)
            printf("%s\n", operations[i].name);
        return tool_status();
    }
    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
        return printf("usage: failnth %s\n", usage), tool_status();
    for (int i = 1; i < argc; i++)
        setting_read(argv[i]);
    for (size_t i = 0; i < operation_count; i++) {
        if (!is_listed(settings.operations, operations[i].name) ||
            (operations[i].is_wrong && !settings.operations))
            continue;
        swept++;
        const char *why_not = operations[i].why_not ? operations[i].why_not() : NULL;
        if (why_not)
            fprintf(stderr, "failnth: %s: left out, %s\n", operations[i].name, why_not);
        else
            good &= operation_sweep(&operations[i]);
    }
    if (!swept)
        tool_usage_error("--operations: there is none of these");
    int status = tool_status();
    return status ? status : !good;
}
