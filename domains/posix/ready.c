// SPDX-License-Identifier: MIT
// Memory for what an import makes, got before callers wait for it: blocks of a few sizes, full of
// zeros, of which one costs a dozen instructions where calloc takes two hundred.
#include <stdlib.h>
#include <string.h>
#include "handover_parts.h"

#define READY_LEAST  64u // bytes of the smallest; each size is twice the one before
#define READY_SIZES  3u
#define READY_BLOCKS 64u // of each

struct block {
    struct block *next;
};

static struct block *ready[READY_SIZES];

void ready_prepare(void)
{
    if (ready[0]) // rehearsed before
        return;
    for (uint32_t size = 0; size < READY_SIZES; size++) {
        for (uint32_t i = 0; i < READY_BLOCKS; i++) {
            struct block *block = calloc(1, READY_LEAST << size);
            if (!block)
                return;
            block->next = ready[size];
            ready[size] = block;
        }
    }
}

void *ready_alloc(size_t n)
{
    for (uint32_t size = 0; size < READY_SIZES; size++) {
        struct block *block = ready[size];
        if (n > READY_LEAST << size || !block)
            continue;
        ready[size] = block->next;
        block->next = NULL;
        return block;
    }
    return calloc(1, n);
}

char *ready_text(struct state_reader *reader, uint64_t max)
{
    const char *text = state_view_text(reader, max);
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = ready_alloc(size);
    if (copy)
        memcpy(copy, text, size);
    else
        state_fail(reader, -ENOMEM);
    return copy;
}

void ready_forget(void)
{
    for (uint32_t size = 0; size < READY_SIZES; size++) {
        for (struct block *block = ready[size], *next; block; block = next) {
            next = block->next;
            free(block);
        }
        ready[size] = NULL;
    }
}
