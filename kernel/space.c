// SPDX-License-Identifier: MIT
// Address spaces as ranges: what is mapped with which rights. kernel/space_page.c has the pages.
#include "kernel/space.h"
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/leaves.h"
#include "kernel/space_page.h"
#include "microcore/page.h"

#define UNMAP_BATCH 64
#define REGIONS_MAX 4096
#define SHARED_MAX  (64ull << 20) // bytes: a clone has to make all pages of a shared range

uint64_t space_satp(const struct space *space)
{
    return pagetable_satp(space->root);
}

// ---- Life ----

static int leaf_put(void *context, uint64_t address, uint64_t *entry)
{
    (void)context;
    (void)address;
    page_put(pte_physical(*entry));
    *entry = 0;
    return 0;
}

static void space_destroy(struct object *object)
{
    struct space *space = (struct space *)object;
    while (space->regions) { // no page is outside of them
        struct region *region = space->regions;
        leaves_visit(space->root, region->start, region->end, leaf_put, NULL);
        space->regions = region->next;
        core_free(region, sizeof(*region));
    }
    pagetable_destroy(space->root);
    core_free(space, sizeof(*space));
}

struct space *space_create(void)
{
    struct space *space = core_alloc(sizeof(*space));
    if (!space)
        return NULL;
    object_init(&space->object, OBJECT_SPACE, space_destroy);
    lock_init(&space->lock, LOCK_SPACE, "space");
    space->root = pagetable_create();
    if (space->root)
        return space;
    core_free(space, sizeof(*space));
    return NULL;
}

// ---- Regions: all under LOCK_SPACE ----

struct region *region_find(const struct space *space, uint64_t address)
{
    struct region *region = space->regions;
    while (region && region->end <= address)
        region = region->next;
    return region && region->start <= address ? region : NULL;
}

static struct region *region_make(struct space *space, uint64_t start, uint64_t end,
                                  uint32_t protection, struct region *next)
{
    if (space->region_count == REGIONS_MAX)
        return NULL;
    struct region *region = core_alloc(sizeof(*region));
    if (!region)
        return NULL;
    *region = (struct region){start, end, protection, next};
    space->region_count++;
    return region;
}

// Makes ADDRESS a border between regions, if it lies within one.
static int region_split(struct space *space, uint64_t address)
{
    struct region *region = region_find(space, address);
    if (!region || region->start == address)
        return 0;
    struct region *rest =
        region_make(space, address, region->end, region->protection, region->next);
    if (!rest)
        return -ENOMEM;
    region->end = address;
    region->next = rest;
    return 0;
}

// The link to the first region that ends behind ADDRESS.
static struct region **region_link(struct space *space, uint64_t address)
{
    struct region **link = &space->regions;
    while (*link && (*link)->end <= address)
        link = &(*link)->next;
    return link;
}

static bool range_is_valid(uint64_t address, uint64_t bytes)
{
    return address % PAGE_SIZE == 0 && bytes % PAGE_SIZE == 0 && bytes && address >= SPACE_START &&
           address < SPACE_END && bytes <= SPACE_END - address;
}

// Is every address of the range in a region?
static bool range_is_mapped(const struct space *space, uint64_t start, uint64_t end)
{
    while (start < end) {
        const struct region *region = region_find(space, start);
        if (!region)
            return false;
        start = region->end;
    }
    return true;
}

static int64_t region_insert(struct space *space, uint64_t start, uint64_t end, uint32_t protection)
{
    struct region **link = region_link(space, start);
    if (*link && (*link)->start < end)
        return -EEXIST;
    for (struct region *before = space->regions; before; before = before->next) {
        if (before->end == start && before->protection == protection) {
            before->end = end;
            return 0;
        }
    }
    struct region *region = region_make(space, start, end, protection, *link);
    if (!region)
        return -ENOMEM;
    *link = region;
    return 0;
}

int64_t space_map(struct space *space, uint64_t address, uint64_t bytes, uint32_t protection)
{
    if (!range_is_valid(address, bytes))
        return -EINVAL;
    if (protection & PROTECTION_SHARED && bytes > SHARED_MAX)
        return -ENOMEM;
    interrupt_state state = lock_take(&space->lock);
    int64_t error = region_insert(space, address, address + bytes, protection);
    lock_release(&space->lock, state);
    return error;
}

// ---- Changing what is there ----

struct protect {
    struct space *space;
    uint32_t protection;
};

static int leaf_protect(void *context, uint64_t address, uint64_t *entry)
{
    const struct protect *protect = context;
    (void)address;
    uint64_t software = *entry & (PTE_COPY | PTE_SHARED);
    uint64_t rights = page_rights(protect->protection);
    if (software & PTE_COPY)
        rights &= ~(uint64_t)PTE_WRITE;
    uint64_t kept = *entry & ~(uint64_t)(PTE_READ | PTE_WRITE | PTE_EXECUTE | PTE_USER);
    __atomic_store_n(entry, kept | rights, __ATOMIC_RELAXED);
    return 0;
}

// Gives the regions of [start, end) a protection, and the pages that are there; under LOCK_SPACE.
static int range_protect(struct space *space, uint64_t start, uint64_t end, uint32_t protection)
{
    if (region_split(space, start) || region_split(space, end))
        return -ENOMEM;
    for (struct region *region = *region_link(space, start); region && region->start < end;
         region = region->next) {
        region->protection = protection | (region->protection & PROTECTION_SHARED);
        struct protect context = {space, protection};
        leaves_visit(space->root, region->start, region->end, leaf_protect, &context);
    }
    return 0;
}

int64_t space_protect(struct space *space, uint64_t address, uint64_t bytes, uint32_t protection)
{
    if (!range_is_valid(address, bytes))
        return -EINVAL;
    protection &= ~(uint32_t)PROTECTION_SHARED;
    interrupt_state state = lock_take(&space->lock);
    int64_t error = -ENOMEM;
    if (range_is_mapped(space, address, address + bytes))
        error = range_protect(space, address, address + bytes, protection);
    lock_release(&space->lock, state);
    space_fence(space);
    return error;
}

struct batch {
    struct space *space;
    uint32_t count;
    uint64_t frames[UNMAP_BATCH];
};

static int leaf_take(void *context, uint64_t address, uint64_t *entry)
{
    struct batch *batch = context;
    (void)address;
    batch->frames[batch->count++] = pte_physical(*entry);
    __atomic_store_n(entry, 0, __ATOMIC_RELAXED);
    batch->space->pages--;
    return batch->count == UNMAP_BATCH;
}

// Takes pages out of a range that has no rights any more. More to do?
static bool pages_drop(struct space *space, uint64_t start, uint64_t end)
{
    struct batch batch = {.space = space};
    interrupt_state state = lock_take(&space->lock);
    int full = leaves_visit(space->root, start, end, leaf_take, &batch);
    lock_release(&space->lock, state);
    if (batch.count)
        space_fence(space);
    for (uint32_t i = 0; i < batch.count; i++)
        page_put(batch.frames[i]);
    return full;
}

int64_t space_unmap(struct space *space, uint64_t address, uint64_t bytes)
{
    uint64_t end = address + bytes;
    if (!range_is_valid(address, bytes))
        return -EINVAL;
    // Without rights first, so that no page comes back before the regions are gone.
    interrupt_state state = lock_take(&space->lock);
    int error = range_protect(space, address, end, 0);
    lock_release(&space->lock, state);
    if (error)
        return error;
    while (pages_drop(space, address, end))
        continue;
    state = lock_take(&space->lock);
    struct region **link = region_link(space, address);
    while (*link && (*link)->start < end) {
        struct region *region = *link;
        *link = region->next;
        core_free(region, sizeof(*region));
        space->region_count--;
    }
    lock_release(&space->lock, state);
    return 0;
}
