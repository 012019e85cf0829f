// SPDX-License-Identifier: MIT
#include "pages.h"

#include <stdlib.h>

#define NONE         UINT16_MAX
#define BUCKETS      16384u
#define MEMORY_SHARE 8 // of all memory, the cache has one part in so many
#define STRIP_SLOTS  64u
#define STRIPED      4u // pools

uint32_t pages_limit, pages_dirty;

static uint16_t buckets[BUCKETS], chain[SLOTS_MAX];   // slots by file and page
static uint16_t next[SLOTS_MAX], previous[SLOTS_MAX]; // slots of one file
static uint16_t first[FILES_MAX], last[FILES_MAX], dirty[FILES_MAX];
static uint8_t used[SLOTS_MAX]; // since the search for a victim came by
static uint32_t hand;

static void tables_clear(void)
{
    memset(buckets, 0xFF, sizeof buckets);
    memset(first, 0xFF, sizeof first);
    memset(last, 0xFF, sizeof last);
    memset(dirty, 0, sizeof dirty);
    memset(used, 0, sizeof used);
    pages_dirty = hand = 0;
}

void pages_start(void)
{
    struct system_info info = {0};
    core_system_info(&info);
    uint64_t share = info.pages / MEMORY_SHARE;
    pages_limit = share < SLOTS_MAX ? (uint32_t)share / POOL_SLOTS * POOL_SLOTS : SLOTS_MAX;
    if (pages_limit < POOL_SLOTS)
        pages_limit = POOL_SLOTS;
    tables_clear();
}

// ---- Finding ----

// Pages of one file that follow each other are in buckets that do.
static uint16_t *bucket_of(uint32_t file, uint32_t page)
{
    return &buckets[(file * 2654435761u / 4096 + page) % BUCKETS];
}

uint32_t page_find(uint32_t file, uint32_t page)
{
    for (uint16_t slot = *bucket_of(file, page); slot != NONE; slot = chain[slot])
        if (kept->slots[slot].page == page && kept->slots[slot].file == file)
            return slot;
    return NO_SLOT;
}

static void slot_link(uint16_t slot)
{
    const struct slot_record *record = &kept->slots[slot];
    uint16_t *bucket = bucket_of(record->file, record->page);
    chain[slot] = *bucket;
    *bucket = slot;
    next[slot] = NONE;
    previous[slot] = last[record->file];
    if (previous[slot] == NONE)
        first[record->file] = slot;
    else
        next[previous[slot]] = slot;
    last[record->file] = slot;
    if (record->state == SLOT_DIRTY) {
        pages_dirty++;
        dirty[record->file]++;
    }
}

static void slot_unlink(uint16_t slot)
{
    const struct slot_record *record = &kept->slots[slot];
    uint16_t *at = bucket_of(record->file, record->page);
    while (*at != slot)
        at = &chain[*at];
    *at = chain[slot];
    *(next[slot] == NONE ? &last[record->file] : &previous[next[slot]]) = previous[slot];
    *(previous[slot] == NONE ? &first[record->file] : &next[previous[slot]]) = next[slot];
    if (record->state == SLOT_DIRTY) {
        pages_dirty--;
        dirty[record->file]--;
    }
}

static void record_store(uint32_t slot, struct slot_record record)
{
    uint64_t word;
    _Static_assert(sizeof word == sizeof record, "a record is one store");
    memcpy(&word, &record, sizeof word);
    __atomic_store_n((uint64_t *)&kept->slots[slot], word, __ATOMIC_RELEASE);
}

void page_enter(uint32_t slot, uint32_t file, uint32_t page, enum slot_state state)
{
    record_store(slot, (struct slot_record){page, (uint16_t)file, (uint8_t)state, 0});
    slot_link((uint16_t)slot);
    used[slot] = 0;
}

void page_mark(uint32_t slot, enum slot_state state)
{
    struct slot_record *record = &kept->slots[slot];
    int32_t change = (state == SLOT_DIRTY) - (record->state == SLOT_DIRTY);
    pages_dirty += (uint32_t)change;
    dirty[record->file] = (uint16_t)(dirty[record->file] + change);
    __atomic_store_n(&record->state, (uint8_t)state, __ATOMIC_RELEASE);
}

void page_drop(uint32_t slot)
{
    slot_unlink((uint16_t)slot);
    __atomic_store_n(&kept->slots[slot].state, (uint8_t)SLOT_FREE, __ATOMIC_RELEASE);
}

void page_use(uint32_t slot)
{
    used[slot] = 1;
}

static bool has_bytes(uint32_t slot)
{
    return slot_state(slot) >= SLOT_CLEAN;
}

uint32_t pages_in_row(uint32_t file, uint32_t page, uint32_t slot, uint32_t count)
{
    uint32_t room = POOL_SLOTS - slot % POOL_SLOTS, length = 1;
    if (count > room)
        count = room;
    while (length < count && has_bytes(slot + length) && kept->slots[slot + length].file == file &&
           kept->slots[slot + length].page == page + length)
        length++;
    return length;
}

uint32_t file_first(uint32_t file)
{
    return first[file] == NONE ? NO_SLOT : first[file];
}

uint32_t file_next(uint32_t slot)
{
    return next[slot] == NONE ? NO_SLOT : next[slot];
}

uint32_t file_dirty(uint32_t file)
{
    return dirty[file];
}

// ---- Slots for more ----

// A pool in which an earlier instance left somebody at work can be replaced once nothing in it is
// dirty and nobody has it on loan.
static bool pool_cleared(uint32_t pool)
{
    for (uint32_t i = 0; i < POOL_SLOTS; i++) {
        enum slot_state state = slot_state(pool * POOL_SLOTS + i);
        if (state == SLOT_DIRTY || state == SLOT_FILLING)
            return false;
    }
    for (uint32_t i = 0; i < POOL_SLOTS; i++)
        if (slot_state(pool * POOL_SLOTS + i) == SLOT_CLEAN)
            page_drop(pool * POOL_SLOTS + i);
    return pool_renew(pool);
}

static bool is_free_or_clean(uint32_t slot)
{
    return slot_state(slot) == SLOT_FREE || slot_state(slot) == SLOT_CLEAN;
}

// May the search take this slot now?
static bool slot_yields(uint32_t slot)
{
    if (!is_free_or_clean(slot))
        return false;
    bool spared = slot_state(slot) == SLOT_CLEAN && used[slot];
    used[slot] = 0;
    return !spared;
}

static uint32_t run_take(uint32_t slot, uint32_t wanted)
{
    uint32_t room = POOL_SLOTS - slot % POOL_SLOTS, length = 0;
    if (wanted > room)
        wanted = room;
    for (; length < wanted && is_free_or_clean(slot + length); length++)
        if (slot_state(slot + length) == SLOT_CLEAN)
            page_drop(slot + length);
    return length;
}

// Where the hand is. From one strip of slots it goes on to one in the next pool, and after
// STRIPED pools to the second strip of the first: of each pool one run at a time may be on its way
// (fetch.c), and the next one should not have to wait for that.
static uint32_t slot_at(uint32_t place)
{
    uint32_t group = place / (STRIPED * POOL_SLOTS), strip = place / STRIP_SLOTS;
    if ((group + 1) * STRIPED * POOL_SLOTS > pages_limit)
        return place; // too few pools for it
    return (group * STRIPED + strip % STRIPED) * POOL_SLOTS +
           strip / STRIPED % (POOL_SLOTS / STRIP_SLOTS) * STRIP_SLOTS + place % STRIP_SLOTS;
}

uint32_t slots_take(uint32_t wanted, uint32_t *count)
{
    for (uint32_t passed = 0; passed < 2 * pages_limit; passed++) {
        uint32_t slot = slot_at(hand), pool = slot / POOL_SLOTS;
        uint32_t room = STRIP_SLOTS - slot % STRIP_SLOTS;
        hand = (hand + 1) % pages_limit;
        if (slot % POOL_SLOTS == 0 && pool_is_suspect(pool))
            pool_cleared(pool);
        if (!slot_yields(slot))
            continue;
        if (!pool_ready(pool)) { // no memory for more than there is, or not to be used yet
            passed += room - 1;
            hand = (hand + room - 1) % pages_limit;
            continue;
        }
        *count = run_take(slot, wanted < room ? wanted : room);
        hand = (hand + *count - 1) % pages_limit;
        return slot;
    }
    return NO_SLOT;
}

// ---- Recovery ----

static bool record_counts(uint32_t slot)
{
    const struct slot_record *record = &kept->slots[slot];
    uint32_t offset;
    if (record->state != SLOT_CLEAN && record->state != SLOT_DIRTY)
        return false;
    if (record->file >= FILES_MAX || !slot_pool(slot, &offset))
        return false;
    const struct file_record *file = &kept->files[record->file];
    return file->node && (uint64_t)record->page * PAGE_BYTES < file->size &&
           page_find(record->file, record->page) == NO_SLOT;
}

void pages_recover(void)
{
    tables_clear();
    for (uint32_t i = 0; i < POOLS_MAX; i++)
        if (kept->flights[i].count)
            pool_suspect(i);
    for (uint32_t i = 0; i < SLOTS_MAX; i++) {
        if (record_counts(i))
            slot_link((uint16_t)i);
        else
            kept->slots[i].state = SLOT_FREE;
    }
    if (pages_dirty)
        log_printf("%u pages that the file system has not seen were kept", (unsigned)pages_dirty);
}
