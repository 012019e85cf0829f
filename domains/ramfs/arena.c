// SPDX-License-Identifier: MIT
#include "arena.h"

#include <stdlib.h>
#include <string.h>
#include "core.h"
#include "state.h"

#define MAGIC      0x73666D72u // "rmfs"
#define KEY_ROOT   0           // pool N is kept under key N + 1
#define POOL_UNITS (POOL_BYTES / UNIT)
#define WORDS      (POOL_UNITS / 64)

#define PAGE_BYTES  4096u
#define FILES_LEAVE 8 // of how many pages they leave one

struct pool {
    rref_t rref;    // 0: none
    uint64_t *used; // WORDS, in private memory
    uint32_t free;  // units
    uint32_t first; // no word before it has a free unit
};

struct arena_root *arena_root;
static rref_t root_rref;
static struct pool pools[POOLS_MAX];
static uint16_t order[POOLS_MAX]; // of the pools, by address
static uint32_t pool_count;

// The address of an RRef's bytes, the same in every slot.
static char *rref_bytes(rref_t rref)
{
#ifdef HOST
    return (char *)(uintptr_t)rref;
#else
    return (char *)(uintptr_t)(uint32_t)rref;
#endif
}

// ---- Pools ----

static void order_insert(uint32_t index)
{
    uint32_t at = pool_count++;
    for (; at && rref_bytes(pools[order[at - 1]].rref) > rref_bytes(pools[index].rref); at--)
        order[at] = order[at - 1];
    order[at] = (uint16_t)index;
}

static void order_remove(uint32_t index)
{
    uint32_t at = 0;
    while (order[at] != index)
        at++;
    pool_count--;
    memmove(&order[at], &order[at + 1], (pool_count - at) * sizeof order[0]);
}

// A pool that is all free.
static bool pool_adopt(uint32_t index, rref_t rref)
{
    struct pool *pool = &pools[index];
    pool->used = calloc(WORDS, sizeof *pool->used);
    if (!pool->used)
        return false;
    pool->rref = rref;
    pool->free = POOL_UNITS;
    pool->first = 0;
    order_insert(index);
    return true;
}

static void pool_drop(uint32_t index)
{
    order_remove(index);
    core_rref_free(pools[index].rref);
    free(pools[index].used);
    pools[index] = (struct pool){0};
}

// How many pools more there may be. Files end where programs and services need what is left.
static uint64_t pools_possible(void)
{
    struct system_info info;
    uint64_t left = POOLS_MAX - pool_count;
    if (core_system_info(&info) < 0 || info.free_pages <= info.pages / FILES_LEAVE)
        return 0;
    uint64_t spare = (info.free_pages - info.pages / FILES_LEAVE - 1) / (POOL_BYTES / PAGE_BYTES);
    return spare < left ? spare : left;
}

uint64_t arena_room(uint64_t *used)
{
    uint64_t room = pools_possible() * POOL_BYTES;
    *used = (uint64_t)pool_count * POOL_BYTES;
    for (uint32_t i = 0; i < pool_count; i++) {
        uint64_t unused = (uint64_t)pools[order[i]].free * UNIT;
        room += unused;
        *used -= unused;
    }
    return room;
}

static struct pool *pool_create(void)
{
    uint32_t index = 0;
    if (!pools_possible())
        return NULL;
    while (index < POOLS_MAX && pools[index].rref)
        index++;
    int64_t rref = index < POOLS_MAX ? core_rref_alloc(POOL_BYTES, ARENA_SCHEMA) : -ENOSPC;
    if (rref < 0)
        return NULL;
    if (index >= arena_root->pools)
        arena_root->pools = index + 1;
    if (core_rref_keep((rref_t)rref, index + 1, ARENA_SCHEMA) < 0 ||
        !pool_adopt(index, (rref_t)rref)) {
        core_rref_free((rref_t)rref);
        return NULL;
    }
    return &pools[index];
}

// The pool that holds the piece, and its first unit there.
static struct pool *pool_of(const void *piece, uint64_t bytes, uint32_t *unit)
{
    uint32_t low = 0, high = pool_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (rref_bytes(pools[order[middle]].rref) <= (const char *)piece)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return NULL;
    struct pool *pool = &pools[order[low - 1]];
    uint64_t offset = (uint64_t)((const char *)piece - rref_bytes(pool->rref));
    if (offset % UNIT || offset >= POOL_BYTES || bytes > POOL_BYTES - offset)
        return NULL;
    *unit = (uint32_t)(offset / UNIT);
    return pool;
}

// ---- Units ----

static uint32_t units_of(uint64_t bytes)
{
    return (uint32_t)((bytes + UNIT - 1) / UNIT);
}

static bool unit_is_used(const struct pool *pool, uint32_t unit)
{
    return pool->used[unit / 64] >> (unit % 64) & 1;
}

static void units_set(struct pool *pool, uint32_t unit, uint32_t count, bool used)
{
    for (uint32_t i = unit, end = unit + count; i < end;) {
        uint32_t n = 64 - i % 64 < end - i ? 64 - i % 64 : end - i;
        uint64_t bits = UINT64_MAX >> (64 - n) << (i % 64);
        pool->used[i / 64] = used ? pool->used[i / 64] | bits : pool->used[i / 64] & ~bits;
        i += n;
    }
    pool->free += used ? -count : count;
    if (!used && unit / 64 < pool->first)
        pool->first = unit / 64;
    while (pool->first < WORDS && pool->used[pool->first] == UINT64_MAX)
        pool->first++;
}

// The first unit of COUNT that are free, POOL_UNITS: there are none. Many begin at a whole word.
static uint32_t units_find(const struct pool *pool, uint32_t count)
{
    uint32_t run = 0;
    for (uint32_t i = pool->first * 64; i < POOL_UNITS; i++) {
        if (i % 64 == 0 && pool->used[i / 64] == UINT64_MAX) {
            run = 0;
            i += 63;
            continue;
        }
        if (count >= 64 && !run && i % 64)
            continue;
        run = unit_is_used(pool, i) ? 0 : run + 1;
        if (run == count)
            return i + 1 - count;
    }
    return POOL_UNITS;
}

static void *pool_take(struct pool *pool, uint32_t count)
{
    uint32_t unit = pool->free >= count ? units_find(pool, count) : POOL_UNITS;
    if (unit == POOL_UNITS)
        return NULL;
    units_set(pool, unit, count, true);
    return memset(rref_bytes(pool->rref) + (uint64_t)unit * UNIT, 0, (uint64_t)count * UNIT);
}

void *arena_alloc(uint64_t bytes)
{
    if (!bytes || bytes > POOL_BYTES)
        return NULL;
    uint32_t count = units_of(bytes);
    for (uint32_t i = 0; i < pool_count; i++) {
        void *piece = pool_take(&pools[order[i]], count);
        if (piece)
            return piece;
    }
    struct pool *pool = pool_create();
    return pool ? pool_take(pool, count) : NULL;
}

void arena_free(void *piece, uint64_t bytes)
{
    uint32_t unit;
    struct pool *pool = piece ? pool_of(piece, bytes, &unit) : NULL;
    if (!pool)
        return;
    units_set(pool, unit, units_of(bytes), false);
    if (pool->free == POOL_UNITS && pool_count > 1)
        pool_drop((uint32_t)(pool - pools));
}

void *arena_grow(void *piece, uint64_t bytes, uint64_t larger)
{
    void *new = arena_alloc(larger);
    if (!new)
        return NULL;
    if (piece)
        memcpy(new, piece, bytes);
    return new;
}

// ---- Beginning, and beginning again ----

int64_t arena_create(void)
{
    int64_t rref = core_rref_alloc(sizeof *arena_root, ARENA_SCHEMA);
    if (rref < 0)
        return rref;
    root_rref = (rref_t)rref;
    arena_root = (struct arena_root *)rref_bytes(root_rref);
    arena_root->magic = MAGIC;
    return core_rref_keep(root_rref, KEY_ROOT, ARENA_SCHEMA);
}

bool arena_recover(void)
{
    int64_t rref = core_rref_kept(KEY_ROOT, ARENA_SCHEMA);
    if (rref <= 0)
        return false;
    root_rref = (rref_t)rref;
    arena_root = (struct arena_root *)rref_bytes(root_rref);
    if (core_rref_length(root_rref) < (int64_t)sizeof *arena_root || arena_root->magic != MAGIC) {
        core_rref_free(root_rref);
        return false;
    }
    if (arena_root->pools > POOLS_MAX)
        arena_root->pools = POOLS_MAX;
    for (uint32_t i = 0; i < arena_root->pools; i++) {
        rref = core_rref_kept(i + 1, ARENA_SCHEMA);
        if (rref > 0 && !pool_adopt(i, (rref_t)rref))
            core_rref_free((rref_t)rref);
    }
    return true;
}

void arena_drop(void)
{
    while (pool_count)
        pool_drop(order[0]);
    core_rref_free(root_rref);
    arena_root = NULL;
}

void arena_trim(void)
{
    for (uint32_t i = 0; i < POOLS_MAX; i++)
        if (pools[i].rref && pools[i].free == POOL_UNITS && pool_count > 1)
            pool_drop(i);
}

bool arena_contains(const void *piece, uint64_t bytes)
{
    uint32_t unit;
    return piece && pool_of(piece, bytes, &unit);
}

bool arena_mark(const void *piece, uint64_t bytes)
{
    uint32_t unit;
    struct pool *pool = piece && bytes ? pool_of(piece, bytes, &unit) : NULL;
    if (!pool)
        return false;
    for (uint32_t i = 0; i < units_of(bytes); i++)
        if (unit_is_used(pool, unit + i))
            return false;
    units_set(pool, unit, units_of(bytes), true);
    return true;
}

// ---- Update: the pools go over by themselves, being kept; here is which they are ----

void arena_export(struct state_writer *writer)
{
    state_write_u64(writer, root_rref);
    state_write_u64(writer, pool_count);
    for (uint32_t i = 0; i < pool_count; i++) {
        const struct pool *pool = &pools[order[i]];
        state_write_u64(writer, order[i]);
        state_write_u64(writer, pool->rref);
        state_write(writer, pool->used, WORDS * sizeof *pool->used);
    }
}

static void pool_import(struct state_reader *reader)
{
    uint64_t index = state_read_u64(reader);
    rref_t rref = state_read_u64(reader);
    if (index >= POOLS_MAX || !rref || pools[index].rref || !pool_adopt((uint32_t)index, rref)) {
        state_refuse(reader);
        return;
    }
    struct pool *pool = &pools[index];
    state_read(reader, pool->used, WORDS * sizeof *pool->used);
    for (uint32_t i = 0; i < WORDS; i++)
        pool->free -= (uint32_t)__builtin_popcountll(pool->used[i]);
}

void arena_import(struct state_reader *reader)
{
    root_rref = state_read_u64(reader);
    arena_root = (struct arena_root *)rref_bytes(root_rref);
    for (uint64_t left = state_read_u64(reader); left && !reader->failed; left--)
        pool_import(reader);
}
