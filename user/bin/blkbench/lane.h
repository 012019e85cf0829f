// SPDX-License-Identifier: MIT
// The requests that follow each other: each request in flight belongs to a lane, which has its
// blocks of the job's part of the device to itself, so that what each block holds is known at any
// time.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "settings.h"

struct lane {
    uint64_t first, step; /* its blocks: first, first + step ... in blocks of the device */
    uint64_t blocks;      /* how many these are */
    uint64_t next;        /* of a sequential pattern */
    uint64_t random;
    uint32_t *generations; /* of each block, what it holds; NULL without --verify */
    uint32_t generation;   /* of the last write */
    char *buffer;
};

/* Of job JOB the lane number PLACE, of as many as there are requests in flight. Ends the program
   where there is no memory. */
void lane_prepare(struct lane *lane, const struct settings *settings, unsigned job, unsigned place);

/* The address on the device of its block number INDEX, bytes. */
static inline uint64_t lane_address(const struct lane *lane, const struct settings *settings,
                                    uint64_t index)
{
    return (lane->first + index * lane->step) * settings->block_size;
}

static inline uint64_t lane_random(struct lane *lane)
{
    lane->random ^= lane->random >> 12;
    lane->random ^= lane->random << 25;
    lane->random ^= lane->random >> 27;
    return lane->random * 0x2545f4914f6cdd1dull >> 16;
}

/* The next request: which block, and whether it is written. */
static inline uint64_t lane_choose(struct lane *lane, const struct settings *settings, bool *write)
{
    *write = settings->direction == DIRECTION_BOTH ? lane_random(lane) % 2
                                                   : settings->direction == DIRECTION_WRITE;
    return (settings->random ? lane_random(lane) : lane->next++) % lane->blocks;
}

/* With --verify, before a write: what the block is to hold goes into the buffer. */
void lane_fill(struct lane *lane, const struct settings *settings, uint64_t index);

/* After a write that was DONE or failed. */
void lane_written(struct lane *lane, uint64_t index, bool done);

/* After a read: does the buffer hold what the block must? */
bool lane_is_right(const struct lane *lane, const struct settings *settings, uint64_t index);

/* Was the block ever written, as far as anybody knows? */
bool lane_knows(const struct lane *lane, uint64_t index);
