// SPDX-License-Identifier: MIT
#include "kept.h"

#include "kept_state.h"

#define MAGIC      0x31736676u // "vfs1"
#define KEY_INDEX  0           // pool N is kept under key N + 1
#define POOL_BYTES (POOL_SLOTS * PAGE_BYTES)

struct kept *kept;
handle_t pool_event;
static rref_t pools[POOLS_MAX];
static bool suspect[POOLS_MAX];

static void *rref_bytes(rref_t rref)
{
    return (void *)(uintptr_t)(uint32_t)rref;
}

void pool_listen(uint32_t pool)
{
    core_rref_completion(pools[pool], pool_event, pool);
}

static void pools_find(void)
{
    for (uint32_t i = 0; i < POOLS_MAX; i++) {
        pools[i] = kept_find(POOL_BYTES, i + 1, KEPT_SCHEMA);
        if (pools[i])
            pool_listen(i);
    }
}

int64_t kept_start(void)
{
    int64_t made = core_event_create();
    if (made < 0)
        return made;
    pool_event = (handle_t)made;
    memset(pools, 0, sizeof pools);
    memset(suspect, 0, sizeof suspect);
    rref_t index = kept_find(sizeof *kept, KEY_INDEX, KEPT_SCHEMA);
    if (index) {
        kept = rref_bytes(index);
        pools_find();
        if (kept->magic == MAGIC)
            return 0;
    } else {
        made = kept_alloc(sizeof *kept, KEY_INDEX, KEPT_SCHEMA);
        if (made < 0)
            return made;
        kept = rref_bytes((rref_t)made);
    }
    memset(kept, 0, sizeof *kept);
    kept->magic = MAGIC;
    return 0;
}

rref_t pool_ready(uint32_t pool)
{
    if (suspect[pool])
        return 0;
    if (!pools[pool]) {
        int64_t made = kept_alloc(POOL_BYTES, pool + 1, KEPT_SCHEMA);
        if (made < 0)
            return 0;
        pools[pool] = (rref_t)made;
        pool_listen(pool);
    }
    return pools[pool];
}

rref_t slot_pool(uint32_t slot, uint32_t *offset)
{
    *offset = slot % POOL_SLOTS * PAGE_BYTES;
    return pools[slot / POOL_SLOTS];
}

bool pool_is_suspect(uint32_t pool)
{
    return suspect[pool];
}

bool pools_are_suspect(void)
{
    for (uint32_t i = 0; i < POOLS_MAX; i++)
        if (suspect[i])
            return true;
    return false;
}

void pool_suspect(uint32_t pool)
{
    suspect[pool] = true;
}

bool pool_renew(uint32_t pool)
{
    if (pools[pool] && core_rref_free(pools[pool]) < 0)
        return false;
    pools[pool] = 0;
    suspect[pool] = false;
    kept->flights[pool].count = 0;
    return true;
}

void pools_free(void)
{
    for (uint32_t i = 0; i < POOLS_MAX; i++)
        pool_renew(i);
}
