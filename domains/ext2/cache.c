// SPDX-License-Identifier: MIT
#include "cache.h"

#include <stdlib.h>
#include "disk.h"
#include "domain.h"
#include "kept.h"

#define NONE    UINT16_MAX
#define BUCKETS 4096u

static uint16_t buckets[BUCKETS], chain[SLOTS_MAX]; // slots by block
static uint16_t changed[SLOTS_MAX];                 // the current operation's
static uint16_t older[SLOTS_MAX];                   // the versions before
static uint32_t changed_count, dirty_count, hand;
static bool is_move, conflict;
static bool is_written_past; // by cache_note_written, or an earlier instance
static bool is_inherited;    // a device may still be at work for an earlier instance

static uint64_t current(void)
{
    return kept->committed + 1;
}

// ---- Slots by block; a block has at most one that is committed and one of the operation ----

static uint16_t *bucket_of(uint64_t block)
{
    return &buckets[block % BUCKETS];
}

static uint16_t slot_find(uint64_t block, bool of_operation)
{
    for (uint16_t slot = *bucket_of(block); slot != NONE; slot = chain[slot])
        if (kept->slots[slot].block == block &&
            (kept->slots[slot].sequence == current()) == of_operation)
            return slot;
    return NONE;
}

// What a reader sees.
static uint16_t slot_newest(uint64_t block)
{
    uint16_t slot = changed_count ? slot_find(block, true) : NONE;
    return slot != NONE ? slot : slot_find(block, false);
}

static void slot_enter(uint16_t slot)
{
    uint16_t *bucket = bucket_of(kept->slots[slot].block);
    chain[slot] = *bucket;
    *bucket = slot;
}

static void slot_release(uint16_t slot)
{
    uint16_t *at = bucket_of(kept->slots[slot].block);
    while (*at != slot)
        at = &chain[*at];
    *at = chain[slot];
    kept->slots[slot].state = SLOT_FREE;
}

// A slot that can be used: free, or clean and not used lately. Its bytes are there.
static uint16_t slot_search(void)
{
    for (uint32_t i = 0; i < 2 * SLOTS_MAX; i++) {
        uint16_t slot = (uint16_t)hand;
        struct slot_record *record = &kept->slots[slot];
        hand = (hand + 1) % SLOTS_MAX;
        if (record->state == SLOT_DIRTY)
            continue;
        if (record->state == SLOT_CLEAN && record->used) {
            record->used = 0;
            continue;
        }
        if (!slot_bytes(slot)) {
            hand = 0; // no memory for more than there is
            continue;
        }
        if (record->state == SLOT_CLEAN)
            slot_release(slot);
        return slot;
    }
    return NONE;
}

// Writes back where everything is dirty. NONE with *ERROR.
static uint16_t slot_take(int64_t *error)
{
    uint16_t slot = slot_search();
    *error = 0;
    if (slot == NONE) {
        *error = cache_write_back();
        slot = *error < 0 ? NONE : slot_search();
        if (slot == NONE && *error == 0)
            *error = -ENOMEM; // one operation that is larger than the cache
    }
    return slot;
}

static void slot_fill(uint16_t slot, uint64_t block, uint64_t sequence, enum block_class class,
                      enum slot_state state)
{
    struct slot_record *record = &kept->slots[slot];
    record->block = block;
    record->sequence = sequence;
    record->class = class;
    record->used = 1;
    __atomic_store_n(&record->state, state, __ATOMIC_RELEASE);
    slot_enter(slot);
}

// ---- Beginning ----

static void tables_clear(void)
{
    memset(buckets, 0xFF, sizeof buckets);
    changed_count = dirty_count = hand = 0;
    is_move = conflict = is_inherited = false;
    is_written_past = true;
}

void cache_begin(uint32_t block_size, uint64_t blocks)
{
    tables_clear();
    for (uint32_t i = 0; i < SLOTS_MAX; i++)
        kept->slots[i].state = SLOT_FREE;
    kept->block_size = block_size;
    kept->blocks = blocks;
}

// Of two versions of a block the later one counts: the crash came before the older was released.
static void record_recover(uint16_t slot)
{
    struct slot_record *record = &kept->slots[slot];
    bool counts = record->state == SLOT_DIRTY && record->sequence <= kept->committed &&
                  record->block < kept->blocks && record->class < CLASS_COUNT && slot_bytes(slot);
    record->state = counts ? SLOT_DIRTY : SLOT_FREE;
    if (!counts)
        return;
    uint16_t other = slot_find(record->block, false);
    if (other != NONE && kept->slots[other].sequence >= record->sequence) {
        record->state = SLOT_FREE;
        return;
    }
    if (other != NONE)
        slot_release(other);
    else
        dirty_count++;
    slot_enter(slot);
}

void cache_recover(void)
{
    tables_clear();
    if (kept->block_size < BLOCK_SECTOR || kept->block_size > SLOT_BYTES)
        kept->mounted = 0;
    for (uint32_t i = 0; i < SLOTS_MAX; i++)
        record_recover((uint16_t)i);
    is_inherited = kept->mounted;
    if (dirty_count)
        log_printf("%u blocks that are not on the disk yet were kept", (unsigned)dirty_count);
}

// ---- Reading ----

bool cache_has(uint64_t block)
{
    return slot_newest(block) != NONE;
}

bool cache_yields(uint64_t block)
{
    if (*bucket_of(block) == NONE)
        return true;
    uint16_t slot = slot_newest(block);
    if (slot != NONE && kept->slots[slot].state == SLOT_DIRTY)
        return false;
    if (slot != NONE)
        slot_release(slot);
    return true;
}

void cache_note_written(void)
{
    is_written_past = true;
}

// The number of blocks from BLOCK on that are on the device only, at most COUNT.
static uint32_t run_measure(uint64_t block, uint32_t count)
{
    uint32_t most = (uint32_t)(DISK_BUFFER_SIZE / kept->block_size), length = 0;
    if (block >= kept->blocks)
        return 0;
    if (count > kept->blocks - block)
        count = (uint32_t)(kept->blocks - block);
    if (count > most)
        count = most;
    while (length < count && slot_find(block + length, false) == NONE)
        length++;
    return length;
}

static int64_t run_read(uint64_t block, uint32_t count)
{
    uint32_t size = (uint32_t)kept->block_size;
    int64_t error = disk_transfer(BLOCK_READ, block * size, count * size);
    for (uint32_t i = 0; i < count && error == 0; i++) {
        uint16_t slot = slot_search(); // never by writing, which needs the buffer
        if (slot == NONE)
            return i ? 0 : -EAGAIN;
        memcpy(slot_bytes(slot), disk_buffer() + (uint64_t)i * size, size);
        slot_fill(slot, block + i, kept->committed, CLASS_CONTENT, SLOT_CLEAN);
    }
    return error;
}

void cache_fetch(uint64_t block, uint32_t count)
{
    uint32_t length = run_measure(block, count);
    if (length)
        run_read(block, length);
}

const uint8_t *cache_read(uint64_t block, int64_t *error)
{
    uint16_t slot = slot_newest(block);
    *error = block < kept->blocks ? 0 : -EIO;
    if (*error == 0 && slot == NONE) {
        *error = run_read(block, 1);
        if (*error == -EAGAIN && (*error = cache_write_back()) == 0)
            *error = run_read(block, 1);
        slot = slot_find(block, false);
    }
    if (*error < 0 || slot == NONE)
        return NULL;
    kept->slots[slot].used = 1;
    return slot_bytes(slot);
}

// ---- The current operation ----

static bool is_dirty(uint16_t slot)
{
    return slot != NONE && kept->slots[slot].state == SLOT_DIRTY;
}

static bool is_any_moved_from(void)
{
    for (uint32_t i = 0; i < SLOTS_MAX; i++)
        if (kept->slots[i].state == SLOT_DIRTY && kept->slots[i].class == CLASS_MOVED_FROM)
            return true;
    return false;
}

// The class that a block gets which has been written before, by an operation whose blocks are not
// on the device yet. What is new there stays so. It stays among those that names were moved from,
// except that this operation moves one to it: that is a circle. Likewise where it would become one
// of them and others wait for it.
static enum block_class class_join(uint16_t committed, enum block_class class)
{
    if (!is_dirty(committed))
        return class;
    enum block_class before = (enum block_class)kept->slots[committed].class;
    if (before == CLASS_CONTENT && class == CLASS_MAP)
        return before;
    if (before == CLASS_MOVED_FROM && class == CLASS_DIRECTORY) {
        conflict |= is_move;
        return before;
    }
    if (before == CLASS_DIRECTORY && class == CLASS_MOVED_FROM)
        conflict |= is_any_moved_from();
    return class;
}

// The slot that the operation writes the block to.
static uint16_t slot_change(uint64_t block, enum block_class class, int64_t *error)
{
    uint16_t own = slot_take(error);
    if (own == NONE)
        return NONE;
    class = class_join(slot_find(block, false), class);
    slot_fill(own, block, current(), class, SLOT_DIRTY);
    changed[changed_count++] = own;
    return own;
}

uint8_t *cache_write(uint64_t block, bool whole, enum block_class class, int64_t *error)
{
    uint16_t own = changed_count ? slot_find(block, true) : NONE;
    *error = block < kept->blocks ? 0 : -EIO;
    if (*error < 0)
        return NULL;
    if (own != NONE)
        return slot_bytes(own);
    if (!whole && !cache_read(block, error))
        return NULL;
    own = slot_change(block, class, error);
    if (own == NONE || whole)
        return own == NONE ? NULL : slot_bytes(own);
    uint16_t committed = slot_find(block, false);
    if (committed == NONE) { // taking the other slot has cost this one
        *error = run_read(block, 1);
        committed = slot_find(block, false);
    }
    if (committed == NONE) {
        *error = *error < 0 ? *error : -EIO;
        return NULL;
    }
    return memcpy(slot_bytes(own), slot_bytes(committed), kept->block_size);
}

bool cache_is_changed(void)
{
    return changed_count > 0;
}

bool cache_has_conflict(void)
{
    return conflict;
}

void cache_move(void)
{
    is_move = true;
}

void cache_move_first(void)
{
    conflict |= is_any_moved_from();
}

static void operation_end(void)
{
    changed_count = 0;
    is_move = conflict = false;
}

void cache_commit(void)
{
    if (!changed_count)
        return;
    for (uint32_t i = 0; i < changed_count; i++)
        older[i] = slot_find(kept->slots[changed[i]].block, false);
    __atomic_store_n(&kept->committed, current(), __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < changed_count; i++) {
        dirty_count += !is_dirty(older[i]);
        if (older[i] != NONE)
            slot_release(older[i]);
    }
    operation_end();
}

void cache_discard(void)
{
    for (uint32_t i = 0; i < changed_count; i++)
        slot_release(changed[i]);
    operation_end();
}

bool cache_is_clean(void)
{
    return dirty_count == 0;
}

bool cache_is_settled(void)
{
    return dirty_count == 0 && !is_inherited;
}

bool cache_is_full(void)
{
    return dirty_count > SLOTS_MAX / 2;
}

// ---- Writing back ----

static uint16_t order[SLOTS_MAX];

static int by_block(const void *a, const void *b)
{
    uint64_t first = kept->slots[*(const uint16_t *)a].block;
    uint64_t second = kept->slots[*(const uint16_t *)b].block;
    return first < second ? -1 : first > second;
}

static uint32_t class_collect(enum block_class class)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SLOTS_MAX; i++) {
        const struct slot_record *record = &kept->slots[i];
        if (record->state == SLOT_DIRTY && record->class == class &&
            record->sequence <= kept->committed)
            order[count++] = (uint16_t)i;
    }
    qsort(order, count, sizeof *order, by_block);
    return count;
}

// Writes the blocks in order[] from FIRST on that follow each other. How many, or a negative errno.
static int64_t run_write(uint32_t first, uint32_t count)
{
    uint32_t size = (uint32_t)kept->block_size, most = DISK_BUFFER_SIZE / size, length = 0;
    uint64_t block = kept->slots[order[first]].block;
    if (!disk_buffer())
        return -ENOMEM;
    for (; length < most && first + length < count; length++) {
        uint16_t slot = order[first + length];
        if (kept->slots[slot].block != block + length)
            break;
        memcpy(disk_buffer() + (uint64_t)length * size, slot_bytes(slot), size);
    }
    int64_t error = disk_transfer(BLOCK_WRITE, block * size, length * size);
    if (error < 0)
        return error;
    for (uint32_t i = 0; i < length; i++)
        kept->slots[order[first + i]].state = SLOT_CLEAN;
    dirty_count -= length;
    return length;
}

static int64_t class_write(enum block_class class, bool *wrote)
{
    uint32_t count = class_collect(class);
    for (uint32_t done = 0; done < count;) {
        int64_t length = run_write(done, count);
        if (length < 0)
            return length;
        done += (uint32_t)length;
        *wrote = true;
    }
    return 0;
}

int64_t cache_write_back(void)
{
    static bool wrote; // since the last flush that went well, which may be of an earlier attempt
    for (enum block_class class = 0; class < CLASS_COUNT; class ++) {
        if (wrote && dirty_count && class != CLASS_REST) {
            int64_t flushed = disk_flush();
            if (flushed < 0)
                return flushed;
            wrote = false;
        }
        int64_t error = class_write(class, &wrote);
        if (error < 0)
            return error;
        if (class == CLASS_CONTENT)
            wrote |= is_written_past;
    }
    int64_t flushed = disk_flush();
    if (flushed == 0)
        wrote = is_written_past = is_inherited = false;
    return flushed;
}
