// SPDX-License-Identifier: MIT
// The shared heap: addresses and frames of RRefs, the same offset in every slot.
//
// A page of it is entered in a slot's tables on first touch, if the domain there owns or was lent
// an RRef in it, and stays entered when the RRef goes on: a hand-over costs no page-table work.
// What is freed becomes *stale*: it may be taken again at once by the only domain that has it
// mapped; else it waits until heap_trim takes a batch out of all slots, with one fence, and frees
// the frames.
//
// RRefs below a page come from pages of one allocating domain (slabs). RRefs of 2 MiB and more
// begin at a multiple of 2 MiB and lie in 2 MiB frames where memory allows it.
//
// Takes LOCK_RREF, then LOCK_SLOT.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct domain;
struct slot;

// Room of BYTES zero bytes for the RRef with this registry INDEX, allocated by DOMAIN. Returns its
// offset in every slot, 0 when there is no room or memory. Task context.
uint64_t heap_alloc(const struct domain *domain, uint64_t bytes, uint32_t index);
// The RRef is gone: nobody may touch it from now on. Any context.
void heap_free(uint64_t offset, uint64_t bytes);
// How many pages an RRef of that length counts for; 0 in a slab.
uint64_t heap_pages(uint64_t bytes);

// Frame and bytes that are contiguous from OFFSET on, *length at most what it was. For an RRef that
// the caller keeps from being freed.
uint64_t heap_physical(uint64_t offset, uint64_t *length);
// The same, but *row is how many lie in a row there in any case, whoever's they are.
uint64_t heap_row(uint64_t offset, uint64_t *row);

// A fault: enters the page of OFFSET in the slot if its domain owns or was lent an RRef there.
// 0, -EFAULT or -ENOMEM. Any context, no lock held.
int heap_touch(struct slot *slot, uint64_t offset);

// Stale pages leave all slots and are freed. Task context, no lock held. ALL: also few of them.
void heap_trim(bool all);
uint64_t heap_stale_pages(void);

// The slot's tables are gone and all harts fenced: it maps nothing any more.
void heap_forget_slot(const struct slot *slot);
// The domain allocates no more: nobody else's small RRefs go into its pages.
void heap_forget_domain(const struct domain *domain);
