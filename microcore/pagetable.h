// SPDX-License-Identifier: MIT
// Sv39 page tables (privileged spec 4.4). The functions work on a root table and keep no lock: the
// owner of the table does (a slot's lock, an address space's lock).
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef uint64_t *pagetable_t; // root table, direct-map pointer

enum page_flag { // bits of a leaf entry
    PTE_VALID = 1,
    PTE_READ = 2,
    PTE_WRITE = 4,
    PTE_EXECUTE = 8,
    PTE_USER = 16,
    PTE_GLOBAL = 32,
    PTE_ACCESSED = 64,
    PTE_DIRTY = 128,
    PTE_COPY = 256,   // software: copy on write
    PTE_SHARED = 512, // software: shared between processes
};

// The core's own root: direct map, MMIO window, slots, thread area, core image.
extern pagetable_t core_pagetable;
extern uint64_t core_satp;

// What satp holds for a root table.
uint64_t pagetable_satp(pagetable_t root);

// Builds the core's tables and goes over to them. Boot.
void pagetable_init(void);

// Maps one page (level 0) or a block of 2 MiB (level 1) or 1 GiB (level 2). Valid, A and D are set
// at once, and G in the upper half. Intermediate tables are allocated. Returns 0, -ENOMEM, or
// -EEXIST when something is mapped there.
int pagetable_map(pagetable_t root, uint64_t address, uint64_t physical, uint64_t flags, int level);

// Removes what maps ADDRESS and returns the old entry, 0 if there was none. No fence.
uint64_t pagetable_unmap(pagetable_t root, uint64_t address);

// The leaf entry of ADDRESS, NULL when no table reaches it. *level receives 0, 1 or 2.
uint64_t *pagetable_walk(pagetable_t root, uint64_t address, int *level);

// The first valid entry of a table from ENTRY on, or END. Most are empty in what is sparse.
static inline uint64_t *pte_next(uint64_t *entry, const uint64_t *end)
{
    while (end - entry >= 8 && !((entry[0] | entry[1] | entry[2] | entry[3] | entry[4] | entry[5] |
                                  entry[6] | entry[7]) &
                                 PTE_VALID))
        entry += 8;
    while (entry < end && !(*entry & PTE_VALID))
        entry++;
    return entry;
}

static inline uint64_t pte_physical(uint64_t entry)
{
    return (entry >> 10 & 0xFFFFFFFFFFF) << 12;
}

// A new root for a process: lower half empty, upper half the core's. NULL when out of memory.
pagetable_t pagetable_create(void);
// Frees the tables of the lower half and the root, after all harts have left it. All leaves are 0:
// whoever frees what they map writes that. No lock held.
void pagetable_destroy(pagetable_t root);

// Makes earlier changes visible. Local: this hart. All: every hart, returns when done
// (instructions: fence.i too). Locks may be held.
void fence_local(void);
void fence_all(bool instructions);
