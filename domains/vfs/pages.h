// SPDX-License-Identifier: MIT
// The pages in the cache: where page N of a file is, which pages a file has, and slots for more.
//
// A slot is free, or holds one page of one file: FILLING while the file system reads it, CLEAN as
// the file system has it, DIRTY where only the cache has it. The state and what the page is are one
// store to kept memory (kept.h); the tables by which it is found are this instance's own. All of it
// belongs to who holds vfs_lock.
#pragma once
#include "kept.h"

#define NO_SLOT UINT32_MAX

// Pages that the cache may have, by how much memory there is.
extern uint32_t pages_limit;

// How many are DIRTY, in all.
extern uint32_t pages_dirty;

// Empty tables; the limit.
void pages_start(void);

// Enters what an earlier instance left. Records are checked: pages past the end of their file, or
// of no file, are free.
void pages_recover(void);

// The slot of page PAGE of a file, or NO_SLOT.
uint32_t page_find(uint32_t file, uint32_t page);

static inline enum slot_state slot_state(uint32_t slot)
{
    return (enum slot_state)kept->slots[slot].state;
}

// Puts a page into a free slot.
void page_enter(uint32_t slot, uint32_t file, uint32_t page, enum slot_state state);

// FILLING, CLEAN and DIRTY into one another.
void page_mark(uint32_t slot, enum slot_state state);

// Frees the slot of a page.
void page_drop(uint32_t slot);

// The page has been of use: it is not the next to go.
void page_use(uint32_t slot);

// How many pages, from PAGE in SLOT on and at most COUNT, lie one after the other in one pool and
// hold bytes.
uint32_t pages_in_row(uint32_t file, uint32_t page, uint32_t slot, uint32_t count);

// Free slots one after the other in one pool: at least one, at most WANTED, how many in *COUNT.
// Clean pages that have not been used lately go for it. NO_SLOT: all are dirty, or no memory.
uint32_t slots_take(uint32_t wanted, uint32_t *count);

// The slots of a file: `for (slot = file_first(file); slot != NO_SLOT; slot = file_next(slot))`, in
// the order in which they were entered.
uint32_t file_first(uint32_t file);
uint32_t file_next(uint32_t slot);

// How many of a file's pages are DIRTY.
uint32_t file_dirty(uint32_t file);
