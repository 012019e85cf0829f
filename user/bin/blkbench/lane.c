// SPDX-License-Identifier: MIT
#include "lane.h"

#include <stdlib.h>
#include <string.h>
#include "block.h"
#include "tool.h"

#define PAGE 4096

/* Generations in the table; blocks are written with 1 and up. */
enum { GENERATION_NEVER = 0, GENERATION_UNKNOWN = UINT32_MAX };

void lane_prepare(struct lane *lane, const struct settings *settings, unsigned job, unsigned place)
{
    uint64_t job_blocks = settings->size / settings->block_size;
    unsigned number = job * settings->depth + place;
    lane->first = job * job_blocks + place;
    lane->step = settings->depth;
    lane->blocks = (job_blocks - place + settings->depth - 1) / settings->depth;
    lane->random = (settings->seed + 1) * 0x9e3779b97f4a7c15ull + number * 0xd1342543de82ef95ull;
    lane->random |= lane->random == 0;
    char *memory = malloc(settings->block_size + PAGE);
    if (!memory)
        tool_fail("memory for a block (give a smaller --bs or --iodepth)");
    lane->buffer = (char *)(((uintptr_t)memory + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    memset(lane->buffer, 0x5a, settings->block_size); /* no page is fetched while the clock runs */
    if (!settings->verify)
        return;
    lane->generations = calloc(lane->blocks, sizeof *lane->generations);
    if (!lane->generations)
        tool_fail("memory for the generations of all blocks (give a smaller --size)");
}

void lane_fill(struct lane *lane, const struct settings *settings, uint64_t index)
{
    lane->generation = lane->generation + 1 < GENERATION_UNKNOWN ? lane->generation + 1 : 1;
    block_fill(lane->buffer, settings->block_size, lane_address(lane, settings, index),
               lane->generation, settings->seed);
}

void lane_written(struct lane *lane, uint64_t index, bool done)
{
    lane->generations[index] = done ? lane->generation : GENERATION_UNKNOWN;
}

bool lane_knows(const struct lane *lane, uint64_t index)
{
    return lane->generations && lane->generations[index] != GENERATION_NEVER;
}

bool lane_is_right(const struct lane *lane, const struct settings *settings, uint64_t index)
{
    if (!lane_knows(lane, index) || lane->generations[index] == GENERATION_UNKNOWN)
        return true;
    return block_check(lane->buffer, settings->block_size, lane_address(lane, settings, index),
                       lane->generations[index], settings->seed);
}
