// SPDX-License-Identifier: MIT
// The block cache, in memory that outlives a crash. What one operation writes goes into slots of
// its own and counts all at once (cache_commit) or not at all (cache_discard, or a crash): each
// slot has the number of its operation, and one store says up to which number they count.
//
// Blocks go to the device in the order of their classes, with a flush between, so that a file
// system that lost power in the middle is one that e2fsck repairs without loss of what was synced:
//
//   1. contents, and new blocks that say where contents lie: nothing refers to them yet, and
//      blocks that were freed are not used again before all of this is written (volume.c);
//   2. such blocks that there were before: where they lead to has been written;
//   3. directories;
//   4. inodes: a new size comes after the contents;
//   5. directories that names were moved from, be it by a second name and the removal of the first:
//      the new name, and the inode of the directory that has it, are there;
//   6. bitmaps, descriptors and the superblock, all of which e2fsck can compute.
//
// All of it belongs to who holds the volume's lock. Errors are negative errnos.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum block_class {
    CLASS_CONTENT,
    CLASS_MAP,
    CLASS_DIRECTORY,
    CLASS_INODE,
    CLASS_MOVED_FROM,
    CLASS_REST,
    CLASS_COUNT,
};

// Takes over what an earlier instance has left: committed blocks that are not on the device yet.
void cache_recover(void);

// Forgets everything and begins with a device of BLOCKS of BLOCK_SIZE (at most SLOT_BYTES) bytes.
void cache_begin(uint32_t block_size, uint64_t blocks);

// The block's bytes, valid until the next call; NULL with *ERROR.
const uint8_t *cache_read(uint64_t block, int64_t *error);

// The same to be written by the current operation. WHOLE: all of it will be, so nothing is read.
uint8_t *cache_write(uint64_t block, bool whole, enum block_class class, int64_t *error);

// Whether reading the block needs no device.
bool cache_has(uint64_t block);

// Sees to it that the block can be moved past the cache: false where the cache has a newer one than
// the device, or one of the current operation.
bool cache_yields(uint64_t block);

// Contents have been written past the cache; nothing that refers to them goes to the device before
// that is flushed.
void cache_note_written(void);

// Reads COUNT blocks from BLOCK on in one request, as far as it can; for cache_read to find them.
void cache_fetch(uint64_t block, uint32_t count);

// ---- The current operation ----
void cache_move(void);         // it enters a name whose other name goes, now or later
void cache_move_first(void);   // what was moved before must be on the device before it
bool cache_is_changed(void);   // it has written something
bool cache_has_conflict(void); // it must be done again after cache_write_back, for the order's sake
void cache_commit(void);
void cache_discard(void);

// Is all that is committed on the device?
bool cache_is_clean(void);

// Is it, and is no device at work any more for an instance that crashed? Else cache_write_back sees
// to that: its flush ends after all that the device had before.
bool cache_is_settled(void);

// Are there so many blocks to write that it is time to?
bool cache_is_full(void);

// Writes all that is committed to the device and flushes that.
int64_t cache_write_back(void);
