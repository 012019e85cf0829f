// SPDX-License-Identifier: MIT
// What each workload takes, in the same way for plain and confined code. Included once, by either.
#pragma once
#include "tests/unit/sfi/workloads.c"

#define TIMES     25
#define LEAST_NS  2000000u
#define COUNTED   20
#define LINE_SIZE 96

static uint64_t rounds_time(uint64_t (*work)(void), uint32_t rounds, uint64_t (*now)(void))
{
    uint64_t began = now();
    for (uint32_t i = 0; i < rounds; i++) {
        random_state = 88172645463325252u; // the same work in each round
        work();
    }
    return now() - began;
}

// Picoseconds a round, the least of several runs: what else the host did is not ours. Where the
// clock counts instructions, 1000 for each.
static uint64_t work_measure(uint64_t (*work)(void), bool counting, uint64_t (*now)(void))
{
    uint32_t rounds = COUNTED;
    rounds_time(work, 1, now); // memory is there, and the way in is known
    if (counting)
        return rounds_time(work, rounds, now) * 1000 / rounds;
    while (rounds_time(work, rounds, now) < LEAST_NS && rounds < 1u << 20)
        rounds *= 2;
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < TIMES; i++) {
        uint64_t time = rounds_time(work, rounds, now) * 1000 / rounds;
        least = time < least ? time : least;
    }
    return least;
}

static void measure_all(bool counting, uint64_t (*now)(void), void (*say)(const char *line, size_t))
{
    buffers_fill();
    for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++) {
        char line[LINE_SIZE];
        int length = snprintf(line, sizeof line, "sfi: %s %lu\n", workloads[i].name,
                              (unsigned long)work_measure(workloads[i].run, counting, now));
        say(line, (size_t)length);
    }
}
