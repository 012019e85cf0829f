// SPDX-License-Identifier: MIT
// The live screen: how many calls each service answers a second, its faults and its memory.
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "domain.h"
#include "tool.h"

#define SERVICES_MAX 64
#define INTERVAL_MS  1000

struct sample {
    char name[32], image[32], state[16];
    unsigned long calls, faults, pages, rrefs;
};

static struct termios terminal_before;

static void terminal_restore(void)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

/* Keys arrive at once and unseen; Ctrl-C still ends the program. */
static void terminal_prepare(void)
{
    if (tcgetattr(STDIN_FILENO, &terminal_before) < 0)
        tool_fail("terminal");
    atexit(terminal_restore);
    struct termios raw = terminal_before;
    raw.c_lflag &= ~(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
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

static void screen_print(const struct sample *old, size_t old_count, const struct sample *now,
                         size_t count, unsigned long elapsed_ms)
{
    printf("\033[H\033[J%-12s %-16s %-10s %10s %7s %7s %6s\n", "NAME", "IMPL", "STATE", "CALLS/S",
           "FAULTS", "PAGES", "RREFS");
    for (size_t i = 0; i < count; i++) {
        unsigned long calls = now[i].calls - calls_before(old, old_count, &now[i]);
        printf("%-12s %-16s %-10s %10lu %7lu %7lu %6lu\n", now[i].name, now[i].image, now[i].state,
               calls * 1000 / elapsed_ms, now[i].faults, now[i].pages, now[i].rrefs);
    }
    printf("q quits\n");
    fflush(stdout);
}

void top_run(void)
{
    static struct sample samples[2][SERVICES_MAX];
    size_t counts[2] = {samples_read(samples[0]), 0};
    unsigned long last = milliseconds_now();
    struct pollfd keyboard = {.fd = STDIN_FILENO, .events = POLLIN};
    terminal_prepare();
    for (int now = 1;; now = !now) {
        char key = 0;
        if (poll(&keyboard, 1, INTERVAL_MS) > 0 && (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q'))
            return;
        counts[now] = samples_read(samples[now]);
        unsigned long at = milliseconds_now();
        screen_print(samples[!now], counts[!now], samples[now], counts[now],
                     at > last ? at - last : 1);
        last = at;
    }
}
