// SPDX-License-Identifier: MIT
// The live screen: how many calls each service answers a second, how long 99 % of them took at
// most, its faults and its memory. Where nobody looks at a terminal, one table over one second.
// Calls are timed while somebody reads /proc/sys/domain/latency, and for three seconds after that.
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "domain.h"
#include "screen.h"
#include "tool.h"

#define SERVICES_MAX 64
#define INTERVAL_MS  1000
#define BUCKETS_MAX  128

/* Of each bucket of /proc/sys/domain/latency how many calls were in it. */
struct times {
    unsigned calls[BUCKETS_MAX];
};

struct sample {
    char name[32], image[32], state[16];
    unsigned long calls, faults, pages, rrefs;
    struct times times;
};

static struct sample *sample_find(struct sample *samples, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(samples[i].name, name) == 0)
            return &samples[i];
    return NULL;
}

/* The limits of the buckets, which never change: a call was in the first whose limit it was below.
 */
static unsigned long limits_ns[BUCKETS_MAX];

static void limits_read(const char *words)
{
    char *end;
    for (unsigned i = 0; i < BUCKETS_MAX; i++, words = end)
        limits_ns[i] = strtoul(words, &end, 10);
}

static void times_read_line(const char *words, struct times *times)
{
    char *end;
    for (unsigned i = 0; i < BUCKETS_MAX; i++, words = end)
        times->calls[i] = (unsigned)strtoul(words, &end, 10);
}

static void times_read(struct sample *samples, size_t count)
{
    static char buffer[1 << 16], line[1 << 13];
    FILE *file = fopen(DOMAIN_FOLDER "latency", "r");
    for (size_t i = 0; i < count; i++)
        memset(&samples[i].times, 0, sizeof samples[i].times);
    if (!file)
        return;
    setvbuf(file, buffer, _IOFBF, sizeof buffer); /* as much as there is, at one moment */
    for (size_t number = 0; fgets(line, sizeof line, file); number++) {
        char *words = line + strcspn(line, " ");
        struct sample *sample;
        *words++ = 0;
        if (number == 0)
            limits_read(words);
        else if ((sample = sample_find(samples, count, line)) != NULL)
            times_read_line(words, &sample->times);
    }
    fclose(file);
}

/* What 99 % of the calls between the two stayed below; 0: there was none that was timed. */
static unsigned long percentile_99(const struct times *old, const struct times *now)
{
    unsigned calls[BUCKETS_MAX];
    unsigned long total = 0, seen = 0;
    for (unsigned i = 0; i < BUCKETS_MAX; i++)
        total += calls[i] = now->calls[i] - (old ? old->calls[i] : 0);
    for (unsigned i = 0; total && i < BUCKETS_MAX; i++) {
        seen += calls[i];
        if (seen * 100 >= total * 99)
            return limits_ns[i];
    }
    return 0;
}

static size_t samples_read(struct sample *samples)
{
    FILE *file = fopen(DOMAIN_FOLDER "list", "r");
    size_t count = 0;
    if (!file)
        tool_fail(DOMAIN_FOLDER "list");
    for (; count < SERVICES_MAX; count++) {
        struct sample *each = &samples[count];
        if (fiscanf(file, "%31s %31s %*s %*s %15s %lu %lu %*s %lu %lu", each->name, each->image,
                    each->state, &each->calls, &each->faults, &each->pages, &each->rrefs) != 7)
            break;
    }
    fclose(file);
    times_read(samples, count);
    return count;
}

static void duration_print(unsigned long ns, char *text, size_t room)
{
    if (ns == 0)
        snprintf(text, room, "-");
    else if (ns < 1000000)
        snprintf(text, room, "%lu.%luus", ns / 1000, ns / 100 % 10);
    else if (ns < 1000000000)
        snprintf(text, room, "%lu.%lums", ns / 1000000, ns / 100000 % 10);
    else
        snprintf(text, room, "%lu.%lus", ns / 1000000000, ns / 100000000 % 10);
}

static unsigned long milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long)now.tv_sec * 1000 + (unsigned long)now.tv_nsec / 1000000;
}

static void services_print(struct sample *old, size_t old_count, const struct sample *now,
                           size_t count, unsigned long elapsed_ms)
{
    printf("%-12s %-16s %-10s %9s %8s %6s %7s %5s\n", "NAME", "IMPL", "STATE", "CALLS/S", "P99",
           "FAULTS", "PAGES", "RREFS");
    for (size_t i = 0; i < count; i++) {
        const struct sample *each = &now[i], *before = sample_find(old, old_count, each->name);
        unsigned long calls =
            before && before->calls <= each->calls ? each->calls - before->calls : 0;
        char p99[24];
        duration_print(percentile_99(before ? &before->times : NULL, &each->times), p99,
                       sizeof p99);
        printf("%-12s %-16s %-10s %9lu %8s %6lu %7lu %5lu\n", each->name, each->image, each->state,
               calls * 1000 / elapsed_ms, p99, each->faults, each->pages, each->rrefs);
    }
}

void top_run(void)
{
    static struct sample samples[2][SERVICES_MAX];
    size_t counts[2] = {samples_read(samples[0]), 0};
    unsigned long last = milliseconds_now();
    bool attended = screen_is_attended(STDIN_FILENO) && screen_is_attended(STDOUT_FILENO);
    if (attended)
        screen_keys_begin(STDIN_FILENO);
    for (int now = 1;; now = !now) {
        if (!attended)
            usleep(INTERVAL_MS * 1000);
        else if (screen_key(INTERVAL_MS) == 'q')
            return;
        counts[now] = samples_read(samples[now]);
        unsigned long at = milliseconds_now();
        if (attended)
            printf("\033[H\033[J");
        services_print(samples[!now], counts[!now], samples[now], counts[now],
                       at > last ? at - last : 1);
        if (!attended)
            return;
        printf("q quits\n");
        fflush(stdout);
        last = at;
    }
}
