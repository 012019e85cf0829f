// SPDX-License-Identifier: MIT
// osbench: what a program pays for the usual services of the system, in instructions and
// nanoseconds. Medians of batches; what the loop itself takes is taken off.
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "kernel_words.h"
#include "tool.h"
#include "work.h"

#define BATCHES_MAX 101
#define WARM_ROUNDS 2 /* before the first batch: pages are fetched, files get into the cache */

static long nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int long_compare(const void *left, const void *right)
{
    long a = *(const long *)left, b = *(const long *)right;
    return (a > b) - (a < b);
}

static void nothing_once(void)
{
    __asm__ volatile("");
}

/* Nanoseconds of a batch, median of the batches. */
static long batches_measure(const struct work *work, void (*once)(void))
{
    static long times[BATCHES_MAX];
    for (int batch = 0; batch < work->batches; batch++) {
        long start = nanoseconds_now();
        for (int round = 0; round < work->rounds; round++)
            once();
        times[batch] = nanoseconds_now() - start;
    }
    qsort(times, (size_t)work->batches, sizeof *times, long_compare);
    return times[work->batches / 2];
}

/* Nanoseconds of one operation. Where QEMU counts, an instruction takes one. */
static long work_measure(const struct work *work)
{
    if (work->prepare)
        work->prepare();
    for (int round = 0; round < WARM_ROUNDS; round++)
        work->once();
    long loop = batches_measure(work, nothing_once), whole = batches_measure(work, work->once);
    if (work->finish)
        work->finish();
    return (whole - loop + work->rounds / 2) / work->rounds;
}

static void result_print_json(const struct work *work, long ns, bool counted, bool first)
{
    printf("%s\"%s\":{\"insns\":", first ? "{" : ",", work->name);
    if (counted)
        printf("%ld", ns);
    else
        printf("null");
    printf(",\"ns\":%ld}", ns);
}

static void result_print(const struct work *work, long ns, bool counted, bool first)
{
    char insns[24] = "-";
    if (first)
        printf("%-8s %12s %12s\n", "", "instructions", "ns");
    if (counted)
        snprintf(insns, sizeof insns, "%ld", ns);
    printf("%-8s %12s %12ld  %s\n", work->name, insns, ns, work->meaning);
}

/* Is the operation among the operands? Without any, all are meant. */
static bool work_is_wanted(const char *name, int argc, char **argv)
{
    for (int i = optind; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return optind == argc;
}

static void operands_check(int argc, char **argv)
{
    for (int i = optind; i < argc; i++) {
        size_t each = 0;
        while (each < work_count && strcmp(works[each].name, argv[i]) != 0)
            each++;
        if (each == work_count)
            tool_usage_error("%s: no such operation", argv[i]);
    }
}

int main(int argc, char **argv)
{
    bool json = false, counted = kernel_word_is_set("icount"), first = true;
    tool_begin("osbench", "[-j] [getpid|fork|exec|pipe|read]...");
    while (tool_option(argc, argv, "j") >= 0)
        json = true;
    operands_check(argc, argv);
    for (size_t i = 0; i < work_count; i++) {
        if (!work_is_wanted(works[i].name, argc, argv))
            continue;
        fflush(stdout); /* a child must not print what its parent has not printed yet */
        long ns = work_measure(&works[i]);
        (json ? result_print_json : result_print)(&works[i], ns, counted, first);
        first = false;
    }
    if (json)
        puts("}");
    return tool_status();
}
