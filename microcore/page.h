// SPDX-License-Identifier: MIT
// Physical page frames: a buddy allocator with a cache of single pages per hart.
//
// Frames are named by their physical address; page_pointer() gives the core's view of one through
// the direct map. Any hart, any context. Takes the `page` lock (rank LOCK_PAGE), never sleeps.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_ORDER_MAX 11 // blocks of up to 2^11 pages, 8 MiB

// Hands a range of RAM to the allocator. Boot only.
void page_add_range(uint64_t start, uint64_t end);

// Allocates 2^order contiguous frames, aligned to their size, contents undefined.
// Returns the physical address, 0 when there is no memory.
uint64_t page_alloc(unsigned order);

// The same, filled with zeros.
uint64_t page_alloc_zeroed(unsigned order);

// Gives back what page_alloc returned with the same order.
void page_free(uint64_t physical, unsigned order);

// Gives back a single page that is full of zeros: this hart's next page_alloc_zeroed has less to
// do.
void page_free_zeroed(uint64_t physical);

// Frames with more than one user (copy on write, pinned windows): a count beside each frame.
// page_alloc starts it at 1; page_put frees the single page when the last user is gone.
void page_get(uint64_t physical);
void page_put(uint64_t physical);
uint32_t page_users(uint64_t physical);

size_t page_count_total(void);
size_t page_count_free(void); // the per-hart caches included

// Frames of page tables, of tables that grow to the greatest need so far, and those that small
// objects share are counted, so that growth can be told from a leak.
void page_keep(ptrdiff_t count);
size_t page_count_kept(void);

// Whether more than one part in PARTS of all frames is free. Who can be refused asks before it
// takes one: a service that finds none for its stack dies.
bool page_is_spare(size_t parts);

void *page_pointer(uint64_t physical);
uint64_t page_physical(const void *direct_pointer);

// Small objects of the core (images, tables): power-of-two sizes up to 8 MiB; NULL when out of
// memory.
void *core_alloc(size_t bytes);      // zeroed
void *core_alloc_kept(size_t bytes); // the same for what is kept, more than a piece of a page
void core_free(void *pointer, size_t bytes);
size_t core_bytes(void); // in use by objects that share pages, which count as kept
