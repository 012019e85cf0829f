// SPDX-License-Identifier: MIT
// Slots: the 4 GiB windows that running instances live in, and what is mapped in each.
//
// A slot's own page-table lock (LOCK_SLOT) covers its tables. A slot or a frame taken out of it is
// used again only after a fence on all harts (slot_release does it).
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/layout.h"
#include "microcore/layout.h"
#include "microcore/lock.h"

struct domain;
struct image;

struct slot {
    uint32_t index;
    uint64_t base;
    struct domain *domain;     // NULL: free
    const struct image *image; // that ran here last
    struct lock lock;
    uint32_t pages;       // private pages mapped, without stacks
    uint32_t stack_pages; // bounded by threads and depths, and not charged to the domain
    uint64_t heap_end;    // offset
};

void slot_init(void); // boot: the gate page into every slot and behind the last
struct slot *slot_alloc(struct domain *domain); // NULL: all in use
uint32_t slot_count_free(void);
uint64_t slot_count_stack_pages(void); // of all of them
// Unmaps everything, fences all harts, frees the private frames, gives the slot back.
// No thread is inside any more. Task context, no lock held.
void slot_release(struct slot *slot);

// Maps a private zeroed page at OFFSET (a multiple of the page size); flags PTE_*; *page receives
// its direct-map pointer. 0, -ENOMEM, -EEXIST, or -E2BIG past the domain's page limit.
int slot_map_page(struct slot *slot, uint64_t offset, uint64_t flags, void **page);
// Maps a frame that belongs to somebody else (shared text, initrd): not freed with the slot.
int slot_map_foreign(struct slot *slot, uint64_t offset, uint64_t physical, uint64_t flags);
// Direct-map pointer to the private page at OFFSET; NULL: none there.
void *slot_page(struct slot *slot, uint64_t offset);

// A fault at OFFSET: maps a stack page on first touch, or a shared-heap page if the domain owns or
// was lent an RRef there. Returns 0 when the access may be repeated, -EFAULT when it is a fault,
// -ENOMEM, once nobody has given memory back for a while. For loads and stores only: a fetch fault
// is never answered by it. A thread in a trap or in the core, interrupts off or on, no lock held.
int slot_resolve(struct slot *slot, uint64_t offset, bool write);

// Maps zeroed pages at the end of the private heap. Its old end (an offset), or a negative errno.
int64_t slot_heap_grow(struct slot *slot, uint64_t bytes);

// Which slot an address lies in; NULL outside the slot area.
struct slot *slot_of(uint64_t address);
struct slot *slot_at(uint32_t index);

// ---- What the core does with a domain's memory: always through these ----
// POINTER is the domain's, its low 32 bits count. Bounded by the slot, in pieces of a page, pages
// resolved in between. 0 or -EFAULT.
int slot_read(struct slot *slot, void *destination, uint64_t pointer, uint64_t bytes);
int slot_write(struct slot *slot, uint64_t pointer, const void *source, uint64_t bytes);
// The same where nothing may be waited for, with interrupts held off: false where a page is not
// there.
bool slot_read_present(struct slot *slot, void *destination, uint64_t pointer, uint64_t bytes);
bool slot_write_present(struct slot *slot, uint64_t pointer, const void *source, uint64_t bytes);
