// SPDX-License-Identifier: MIT
#include "kept.h"

#include "domain.h"
#include "kept_state.h"

#define MAGIC     0x31747865u // "ext1"
#define KEY_INDEX 0           // pool N is kept under key N + 1
#define POOLS_MAX (SLOTS_MAX / POOL_SLOTS)

struct kept *kept;
static rref_t pools[POOLS_MAX];

static uint8_t *rref_bytes(rref_t rref)
{
    return (uint8_t *)(uintptr_t)(uint32_t)rref;
}

int64_t kept_start(void)
{
    rref_t index = kept_find(sizeof *kept, KEY_INDEX, KEPT_SCHEMA);
    if (index) {
        kept = (struct kept *)rref_bytes(index);
        for (uint32_t i = 0; i < POOLS_MAX; i++)
            pools[i] = kept_find(POOL_SLOTS * SLOT_BYTES, i + 1, KEPT_SCHEMA);
        if (kept->magic == MAGIC)
            return 0;
    } else {
        int64_t made = kept_alloc(sizeof *kept, KEY_INDEX, KEPT_SCHEMA);
        if (made < 0)
            return made;
        kept = (struct kept *)rref_bytes((rref_t)made);
    }
    memset(kept, 0, sizeof *kept);
    kept->magic = MAGIC;
    return 0;
}

uint8_t *slot_bytes(uint32_t slot)
{
    rref_t *pool = &pools[slot / POOL_SLOTS];
    if (!*pool) {
        int64_t made = kept_alloc(POOL_SLOTS * SLOT_BYTES, slot / POOL_SLOTS + 1, KEPT_SCHEMA);
        if (made < 0)
            return NULL;
        *pool = (rref_t)made;
    }
    return rref_bytes(*pool) + (uint64_t)(slot % POOL_SLOTS) * SLOT_BYTES;
}
