// SPDX-License-Identifier: MIT
// User address spaces: the lower half, anonymous pages, copy on write. LOCK_SPACE of each.
//
// Nothing here may be called with a lock held: translations that were taken back are fenced on the
// harts that have the address space loaded before their frames are given up.
#pragma once
#include <stdint.h>
#include "kernel/object.h"
#include "microcore/lock.h"
#include "microcore/pagetable.h"

#define SPACE_START 0x1000
#define SPACE_END   0x4000000000 // 256 GiB

struct slot;

// A range with one protection; pages appear on first touch. Sorted, not overlapping.
struct region {
    uint64_t start, end;
    uint32_t protection; // PROTECTION_*; 0 also while it is being unmapped
    struct region *next;
};

struct space {
    struct object object;
    struct lock lock;
    pagetable_t root;
    struct region *regions;
    uint32_t region_count;
    uint32_t clones_begun; // that are being made: who writes to what they share waits for the fence
    uint64_t pages;        // resident
};

struct space *space_create(void); // one use; NULL: no memory
struct space *space_clone(struct space *space);
uint64_t space_satp(const struct space *space);

// Address and bytes are whole pages. Map: nothing may be there (-EEXIST); a shared range has at
// most 64 MiB (-ENOMEM), since a clone must make all its pages. Protect: all must be there
// (-ENOMEM); whether it is shared stays as it was. -EINVAL outside of the lower half, -ENOMEM past
// 4,096 ranges.
int64_t space_map(struct space *space, uint64_t address, uint64_t bytes, uint32_t protection);
int64_t space_unmap(struct space *space, uint64_t address, uint64_t bytes);
int64_t space_protect(struct space *space, uint64_t address, uint64_t bytes, uint32_t protection);

// Makes the page of ADDRESS present (writable: copies it if it is shared on write). *physical
// receives its frame. 0, -EFAULT (no such region or protection), -ENOMEM.
int space_resolve(struct space *space, uint64_t address, bool write, uint64_t *physical);
// The same for an instruction fetch: the region must be executable.
int space_resolve_fetch(struct space *space, uint64_t address);
// The same, and the frame gets one more user: page_put gives it back.
int space_pin(struct space *space, uint64_t address, bool write, uint64_t *physical);
// The same for a page that is there, if the space's lock is free: false otherwise. Nothing is
// waited for, so also with the guard of an RRef taken.
bool space_pin_try(struct space *space, uint64_t address, bool write, uint64_t *physical);
// Pins pages from ADDRESS on that are there with the right that is wanted, COUNT at most. How many:
// the next one is not there, or is for the next call.
uint64_t space_pin_present(struct space *space, uint64_t address, bool write, uint64_t *frames,
                           uint64_t count);
// Waits until no hart has a translation that is no longer in the tables.
void space_fence(const struct space *space);

// At most SPACE_SMALL bytes within one page that is there, under the space's lock: no pin, so no
// copy that may fault. False: it is not there, or there are more; nothing was copied.
#define SPACE_SMALL 64
bool space_read_small(struct space *space, void *destination, uint64_t address, uint64_t bytes);
bool space_write_small(struct space *space, uint64_t address, const void *source, uint64_t bytes);

// ---- Copying (kernel/space_copy.c): by walking the table, a page at a time, so it works whatever
// ---- address space is loaded. Bytes done before the first bad page, or -EFAULT if none.
int64_t space_read(struct space *space, void *destination, uint64_t address, uint64_t bytes);
int64_t space_write(struct space *space, uint64_t address, const void *source, uint64_t bytes);
// The same with a domain's memory at the other end.
int64_t space_read_slot(struct space *space, struct slot *slot, uint64_t pointer, uint64_t address,
                        uint64_t bytes);
int64_t space_write_slot(struct space *space, uint64_t address, struct slot *slot, uint64_t pointer,
                         uint64_t bytes);
// Copies a string with its NUL to a domain. Its length, -EFAULT, or -ENAMETOOLONG when there is no
// NUL in the first MAX bytes.
int64_t space_read_string(struct space *space, struct slot *slot, uint64_t pointer,
                          uint64_t address, uint64_t max);
