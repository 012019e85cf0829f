// SPDX-License-Identifier: MIT
#include "kept.h"

#include "domain.h"

#define MAGIC     0x31747865u // "ext1"
#define KEY_INDEX 0           // pool N is kept under key N + 1
#define POOLS_MAX (SLOTS_MAX / POOL_SLOTS)

struct kept *kept;
static rref_t pools[POOLS_MAX];

static uint8_t *rref_bytes(rref_t rref)
{
    return (uint8_t *)(uintptr_t)(uint32_t)rref;
}

// An RRef of BYTES zeros that is kept under KEY; a negative errno.
static int64_t kept_alloc(uint64_t bytes, uint64_t key)
{
    int64_t rref = core_rref_alloc(bytes, 0);
    if (rref < 0)
        return rref;
    int64_t status = core_rref_keep((rref_t)rref, key, KEPT_SCHEMA);
    if (status < 0)
        core_rref_free((rref_t)rref);
    return status < 0 ? status : rref;
}

// One that an earlier instance kept; 0 if there is none of that length.
static rref_t kept_find(uint64_t bytes, uint64_t key)
{
    int64_t rref = core_rref_kept(key, KEPT_SCHEMA);
    if (rref <= 0)
        return 0;
    if (core_rref_length((rref_t)rref) >= (int64_t)bytes)
        return (rref_t)rref;
    core_rref_free((rref_t)rref);
    return 0;
}

int64_t kept_start(void)
{
    rref_t index = kept_find(sizeof *kept, KEY_INDEX);
    if (index) {
        kept = (struct kept *)rref_bytes(index);
        for (uint32_t i = 0; i < POOLS_MAX; i++)
            pools[i] = kept_find(POOL_SLOTS * SLOT_BYTES, i + 1);
        if (kept->magic == MAGIC)
            return 0;
    } else {
        int64_t made = kept_alloc(sizeof *kept, KEY_INDEX);
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
        int64_t made = kept_alloc(POOL_SLOTS * SLOT_BYTES, slot / POOL_SLOTS + 1);
        if (made < 0)
            return NULL;
        *pool = (rref_t)made;
    }
    return rref_bytes(*pool) + (uint64_t)(slot % POOL_SLOTS) * SLOT_BYTES;
}
