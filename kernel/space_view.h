// SPDX-License-Identifier: MIT
// User memory as the core finds it by a walk of the page table. Inline, since each copy does it.
//
// Under LOCK_SPACE; or with interrupts held off, on a hart that has the space loaded: then what is
// found stays until they are let, as it does for the program's own accesses, since a fence waits
// for this hart. Tables stay as long as the space.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "kernel/space.h"
#include "microcore/page.h"

#define VIEW_INLINE static inline __attribute__((always_inline))

// Where the leaf entry of an address below SPACE_END is; NULL: there is no such table.
VIEW_INLINE const uint64_t *space_leaf(const struct space *space, uint64_t address)
{
    const char *table = (const char *)space->root;
    const uint64_t *place = NULL;
#pragma GCC unroll 3
    for (unsigned shift = 30; shift >= PAGE_SHIFT; shift -= 9) {
        place = (const uint64_t *)(table + (address >> (shift - 3) & 511 * sizeof(*place)));
        if (shift > PAGE_SHIFT && !(*place & PTE_VALID))
            return NULL;
        table = page_pointer(pte_physical(*place)); // programs have pages of 4 KiB only
    }
    return place;
}

// The leaf entry itself; 0: there is none.
VIEW_INLINE uint64_t space_entry(const struct space *space, uint64_t address)
{
    const uint64_t *place = space_leaf(space, address);
    return place ? *place : 0;
}

// What a leaf entry must have for such an access.
VIEW_INLINE uint64_t space_rights(bool write)
{
    return PTE_VALID | PTE_USER | (write ? PTE_WRITE : 0);
}

// The core's view of what a leaf entry maps, from ADDRESS on; NULL: not with these rights.
VIEW_INLINE char *space_entry_view(uint64_t entry, uint64_t address, uint64_t rights)
{
    if ((entry & rights) != rights)
        return NULL;
    return (char *)page_pointer(pte_physical(entry)) + address % PAGE_SIZE;
}

VIEW_INLINE char *space_view(const struct space *space, uint64_t address, bool write)
{
    if (address >= SPACE_END)
        return NULL;
    return space_entry_view(space_entry(space, address), address, space_rights(write));
}
