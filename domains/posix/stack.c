// SPDX-License-Identifier: MIT
// A new program's stack, as the psABI and Linux have it: count, argument pointers, NULL,
// environment pointers, NULL, auxiliary vector; above it the strings.
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "exec.h"
#include "processes.h"
#include "wall.h"

// Types in the auxiliary vector (linux/auxvec.h).
enum {
    AUXILIARY_END = 0,
    AUXILIARY_HEADERS = 3,
    AUXILIARY_HEADER_SIZE = 4,
    AUXILIARY_HEADER_COUNT = 5,
    AUXILIARY_PAGE_SIZE = 6,
    AUXILIARY_ENTRY = 9,
    AUXILIARY_USER = 11,
    AUXILIARY_EFFECTIVE_USER = 12,
    AUXILIARY_GROUP = 13,
    AUXILIARY_EFFECTIVE_GROUP = 14,
    AUXILIARY_CAPABILITIES = 16,
    AUXILIARY_TICKS = 17,
    AUXILIARY_SECURE = 23,
    AUXILIARY_RANDOM = 25,
    // Ours: nanoseconds since boot are (the time CSR - start) * scale >> 32, so that a program can
    // read the clock without a system call.
    AUXILIARY_TIME_START = 0x42480000,
    AUXILIARY_TIME_SCALE,
    AUXILIARY_TIME_BOOT, // nanoseconds from 1970 to boot, 0: not known
};

#define AUXILIARY_COUNT 17u
#define RANDOM_SIZE     16u
#define ISA_IMAFDC      0x112Du // bit N: extension 'A' + N

// Splitmix64 of the time: makes addresses and guards differ, hides nothing.
static void random_fill(uint64_t words[2])
{
    for (int i = 0; i < 2; i++) {
        uint64_t z = core_time() + (uint64_t)i + 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        words[i] = z ^ (z >> 27);
    }
}

static uint64_t *auxiliary_fill(uint64_t *at, const struct image *image, uint64_t random)
{
    struct system_info system = {0};
    core_system_info(&system);
    const uint64_t pairs[AUXILIARY_COUNT][2] = {
        {AUXILIARY_HEADERS, image->program.headers},
        {AUXILIARY_HEADER_SIZE, image->program.header_size},
        {AUXILIARY_HEADER_COUNT, image->program.header_count},
        {AUXILIARY_PAGE_SIZE, PAGE_SIZE},
        {AUXILIARY_ENTRY, image->program.entry},
        {AUXILIARY_USER, 0},
        {AUXILIARY_EFFECTIVE_USER, 0},
        {AUXILIARY_GROUP, 0},
        {AUXILIARY_EFFECTIVE_GROUP, 0},
        {AUXILIARY_CAPABILITIES, ISA_IMAFDC},
        {AUXILIARY_TICKS, 100},
        {AUXILIARY_SECURE, 0},
        {AUXILIARY_RANDOM, random},
        {AUXILIARY_TIME_START, system.time_start},
        {AUXILIARY_TIME_SCALE, system.time_scale},
        {AUXILIARY_TIME_BOOT, wall_boot()},
        {AUXILIARY_END, 0},
    };
    memcpy(at, pairs, sizeof pairs);
    return at + 2 * AUXILIARY_COUNT;
}

// Pointers to COUNT strings that lie one after the other from *TEXT on, at user address *ADDRESS.
static uint64_t *pointers_fill(uint64_t *at, uint32_t count, const char **text, uint64_t *address)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t size = strlen(*text) + 1;
        *at++ = *address;
        *text += size;
        *address += size;
    }
    *at++ = 0;
    return at;
}

int64_t stack_build(const struct image *image, const struct arguments *arguments, uint64_t *sp)
{
    uint64_t words =
        1 + arguments->count + 1 + arguments->environment_count + 1 + 2 * AUXILIARY_COUNT;
    uint64_t size = words * 8 + RANDOM_SIZE + arguments->used;
    size = (size + 15) & ~(uint64_t)15;
    uint64_t *block = calloc(1, size), *at = block;
    if (!block)
        return -ENOMEM;
    *sp = STACK_END - size;
    uint64_t random = *sp + words * 8, strings = random + RANDOM_SIZE;
    const char *text = arguments->bytes;
    *at++ = arguments->count;
    at = pointers_fill(at, arguments->count, &text, &strings);
    at = pointers_fill(at, arguments->environment_count, &text, &strings);
    at = auxiliary_fill(at, image, random);
    random_fill(at);
    memcpy((uint8_t *)at + RANDOM_SIZE, arguments->bytes, arguments->used);
    int64_t written = core_space_write(image->memory.space, *sp, block, size);
    free(block);
    return written == (int64_t)size ? 0 : -ENOMEM;
}
