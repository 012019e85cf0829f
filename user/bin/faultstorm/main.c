// SPDX-License-Identifier: MIT
// faultstorm: a campaign of faults against services under verified load.
#include <string.h>
#include <time.h>
#include "histogram.h"
#include "storm.h"
#include "tool.h"

#define PROGRAM_START 0x10000 /* linker/user.ld */
#define PAGE_BYTES    4096
#define STACK_BYTES   0x10000 /* more than is ever used */

uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

uint64_t nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void memory_touch(void)
{
    extern char __init_array_start[], _end[]; /* of the data, behind text and constants */
    volatile char stack[STACK_BYTES];
    for (size_t place = 0; place < sizeof stack; place += PAGE_BYTES)
        stack[place] = 0;
    for (uintptr_t page = PROGRAM_START; page < (uintptr_t)_end; page += PAGE_BYTES) {
        volatile char *byte = (volatile char *)page;
        char value = *byte;
        if (page >= (uintptr_t)__init_array_start)
            *byte = value;
    }
}

static void counts_print_json(const char *name, const struct counts *counts, bool mutants)
{
    printf("\"%s\":{\"injected\":%lu,\"activated\":%lu,\"detected\":%lu,\"recovered\":%lu,"
           "\"wrong\":%lu,\"hung\":%lu,\"leaked_pages\":%ld,\"leaked_rrefs\":%ld",
           name, counts->injected, counts->activated, counts->detected, counts->recovered,
           counts->wrong, counts->hung, counts->leaked_pages, counts->leaked_rrefs);
    if (mutants)
        printf(",\"refused\":%lu,\"damage\":%lu", counts->refused, counts->damage);
    putchar('}');
}

/* The name of a class, NULL: nothing was to be done with it. */
static const char *class_name(const struct settings *settings, unsigned class)
{
    if (settings->mutate)
        return mutation_names[class];
    return settings->classes[class] ? class_names[class] : NULL;
}

/* From a fault to the right answer of the request that met it, behind a shadow. */
static void answers_print_json(const struct histogram *answers)
{
    printf(",\"answer_ns\":{\"count\":%lu,\"p50\":%lu,\"p99\":%lu,\"max\":%lu}",
           histogram_count(answers), histogram_percentile(answers, 500),
           histogram_percentile(answers, 990), answers->most);
}

static void answers_print(const struct histogram *answers)
{
    printf(
        "%lu requests met a fault and were answered right: after %lu us at the median, %lu us at "
        "99 %%\n",
        histogram_count(answers), histogram_percentile(answers, 500) / 1000,
        histogram_percentile(answers, 990) / 1000);
}

static void result_print_json(const struct settings *settings, const struct counts *counts,
                              const struct counts *total, const struct histogram *answers)
{
    const char *gap = "";
    printf("{\"seed\":%lu,\"faults\":%lu,\"classes\":{", settings->seed, settings->faults);
    for (unsigned class = 0; class < CLASSES; class ++) {
        if (!class_name(settings, class))
            continue;
        fputs(gap, stdout);
        counts_print_json(class_name(settings, class), &counts[class], settings->mutate);
        gap = ",";
    }
    fputs("},", stdout);
    counts_print_json("total", total, settings->mutate);
    if (!settings->mutate)
        answers_print_json(answers);
    puts("}");
}

static void row_print(const char *name, const struct counts *counts)
{
    printf("%-11s %8lu %9lu %8lu %9lu %5lu %4lu %12ld %12ld\n", name, counts->injected,
           counts->activated, counts->detected, counts->recovered, counts->wrong, counts->hung,
           counts->leaked_pages, counts->leaked_rrefs);
}

static void result_print(const struct settings *settings, const struct counts *counts,
                         const struct counts *total, const struct histogram *answers)
{
    printf("%-11s %8s %9s %8s %9s %5s %4s %12s %12s\n", "CLASS", "INJECTED", "ACTIVATED",
           "DETECTED", "RECOVERED", "WRONG", "HUNG", "LEAKED_PAGES", "LEAKED_RREFS");
    for (unsigned class = 0; class < CLASSES; class ++)
        if (class_name(settings, class))
            row_print(class_name(settings, class), &counts[class]);
    row_print("total", total);
    if (settings->mutate)
        printf("%lu more were refused by the verifier; damage outside: %lu\n", total->refused,
               total->damage);
    else
        answers_print(answers);
    printf("repeat it with --seed=%lu\n", settings->seed);
}

int main(int argc, char **argv)
{
    static struct settings settings;
    static struct counts counts[CLASSES], total;
    static struct histogram answers;
    tool_begin("faultstorm", "");
    settings_parse(&settings, argc, argv);
    histogram_begin(&answers);
    if (!(settings.mutate ? mutants_run(&settings, counts, &total)
                          : campaign_run(&settings, counts, &total, &answers)))
        return 1;
    (settings.json ? result_print_json : result_print)(&settings, counts, &total, &answers);
    bool good = (settings.mutate || !total.wrong) && !total.damage && !total.hung &&
                !total.leaked_pages && !total.leaked_rrefs && total.injected > 0;
    return tool_status() || !good;
}
