// SPDX-License-Identifier: MIT
// The live screen: how many calls each service answers a second, its faults and its memory. Where
// nobody looks at a terminal, one table over one second.
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "domain.h"
#include "screen.h"
#include "tool.h"

#define SERVICES_MAX 64
#define INTERVAL_MS  1000

struct sample {
    char name[32], image[32], state[16];
    unsigned long calls, faults, pages, rrefs;
};

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
    return count;
}

static unsigned long calls_before(const struct sample *samples, size_t count,
                                  const struct sample *now)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(samples[i].name, now->name) == 0 && samples[i].calls <= now->calls)
            return samples[i].calls;
    return now->calls;
}

static unsigned long milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long)now.tv_sec * 1000 + (unsigned long)now.tv_nsec / 1000000;
}

static void services_print(const struct sample *old, size_t old_count, const struct sample *now,
                           size_t count, unsigned long elapsed_ms)
{
    printf("%-12s %-16s %-10s %10s %7s %7s %6s\n", "NAME", "IMPL", "STATE", "CALLS/S", "FAULTS",
           "PAGES", "RREFS");
    for (size_t i = 0; i < count; i++) {
        unsigned long calls = now[i].calls - calls_before(old, old_count, &now[i]);
        printf("%-12s %-16s %-10s %10lu %7lu %7lu %6lu\n", now[i].name, now[i].image, now[i].state,
               calls * 1000 / elapsed_ms, now[i].faults, now[i].pages, now[i].rrefs);
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
