// SPDX-License-Identifier: MIT
// The pages of address spaces: first touch, copy on write, pinning.
//
// A private page that a clone may share has PTE_COPY and no PTE_WRITE: the first to write takes a
// copy, or the frame itself if it is the last user. A page shared between processes has PTE_SHARED.
//
// While a clone is being made, other threads may still write to such a page through translations
// that are older than PTE_COPY. A copy that a third thread took meanwhile would lack what they
// write. So none is taken until the clone's fence is over.
#include "kernel/space_page.h"
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/leaves.h"
#include "kernel/space_view.h"
#include "microcore/hart.h"
#include "microcore/page.h"
#include "microcore/string.h"
#include "microcore/task.h"

#define CLONE_CHUNK 64 // pages under one hold of the lock
#define CLONE_PAUSE 1  // more to do
#define PIN_CHUNK   64 // as CLONE_CHUNK
#define USER_LEAVES 32 // of how many frames programs leave one to the services

uint64_t page_rights(uint32_t protection)
{
    if (!(protection & (PROTECTION_READ | PROTECTION_WRITE | PROTECTION_EXECUTE)))
        return PTE_READ; // there, but not for user mode
    uint64_t rights = PTE_USER;
    if (protection & (PROTECTION_READ | PROTECTION_WRITE))
        rights |= PTE_READ; // a page that can be written can be read (privileged spec 4.3.1)
    if (protection & PROTECTION_WRITE)
        rights |= PTE_WRITE;
    if (protection & PROTECTION_EXECUTE)
        rights |= PTE_EXECUTE;
    return rights;
}

// A hart flushes its translations when it loads another address space, so only those count that
// have this one now, or are about to load it.
void space_fence(const struct space *space)
{
    uint64_t satp = space_satp(space), targets = 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < hart_count; i++) {
        const struct task *task = __atomic_load_n(&harts[i].current, __ATOMIC_ACQUIRE);
        if (__atomic_load_n(&harts[i].satp, __ATOMIC_ACQUIRE) == satp || task->satp == satp)
            targets |= 1ull << i;
    }
    hart_fence(targets, false);
}

// 0: programs have all that they can get.
static uint64_t frame_alloc(void)
{
    return page_is_spare(USER_LEAVES) ? page_alloc(0) : 0;
}

// ---- First touch and copy on write: under LOCK_SPACE ----

static int page_add(struct space *space, uint64_t address, const struct region *region,
                    uint64_t *physical)
{
    uint64_t frame = frame_alloc();
    if (!frame)
        return -ENOMEM;
    memset(page_pointer(frame), 0, PAGE_SIZE);
    uint64_t flags = page_rights(region->protection);
    if (region->protection & PROTECTION_SHARED)
        flags |= PTE_SHARED;
    int error = pagetable_map(space->root, address, frame, flags, 0);
    if (error) {
        page_free(frame, 0);
        return error;
    }
    space->pages++;
    *physical = frame;
    return 0;
}

static void entry_set(uint64_t *entry, uint64_t frame, uint64_t flags)
{
    __atomic_store_n(entry, frame >> PAGE_SHIFT << 10 | flags, __ATOMIC_RELEASE);
}

// Makes a page writable. *old receives the frame that it had, if that is another one now.
static int page_own(uint64_t *entry, uint64_t *physical, uint64_t *old)
{
    uint64_t frame = pte_physical(*entry);
    uint64_t flags = ((*entry & 0x3FF) | PTE_WRITE) & ~(uint64_t)PTE_COPY;
    *physical = frame;
    if (page_users(frame) == 1) {
        entry_set(entry, frame, flags);
        return 0;
    }
    uint64_t copy = frame_alloc();
    if (!copy)
        return -ENOMEM;
    memcpy(page_pointer(copy), page_pointer(frame), PAGE_SIZE);
    entry_set(entry, copy, flags);
    *physical = copy;
    *old = frame;
    return 0;
}

struct outcome {
    uint64_t physical;
    uint64_t old; // frame that it had before, 0: the same or none
    bool changed;
};

static int page_resolve(struct space *space, uint64_t address, uint32_t wanted,
                        struct outcome *outcome)
{
    const struct region *region = region_find(space, address);
    if (!region || !(region->protection & wanted))
        return -EFAULT;
    int level;
    address &= ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t *entry = pagetable_walk(space->root, address, &level);
    outcome->changed = true;
    if (!entry || !(*entry & PTE_VALID))
        return page_add(space, address, region, &outcome->physical);
    if (wanted == PROTECTION_WRITE && !(*entry & PTE_WRITE) &&
        __atomic_load_n(&space->clones_begun, __ATOMIC_ACQUIRE))
        return -EAGAIN;
    if (wanted == PROTECTION_WRITE && !(*entry & PTE_WRITE))
        return page_own(entry, &outcome->physical, &outcome->old);
    outcome->physical = pte_physical(*entry);
    outcome->changed = false;
    return 0;
}

static int page_find(struct space *space, uint64_t address, uint32_t wanted, bool pin,
                     uint64_t *physical)
{
    struct outcome outcome;
    int error = -EAGAIN;
    while (error == -EAGAIN) {
        outcome = (struct outcome){0};
        interrupt_state state = lock_take(&space->lock);
        error = page_resolve(space, address, wanted, &outcome);
        if (!error && pin)
            page_get(outcome.physical);
        lock_release(&space->lock, state);
        if (error == -EAGAIN)
            task_yield();
    }
    if (outcome.old) {
        space_fence(space);
        page_put(outcome.old);
    } else if (!error && !pin && !outcome.changed) {
        fence_local(); // a fault though the table permits it: the hart remembers less
    }
    *physical = outcome.physical;
    return error;
}

static uint32_t protection_wanted(bool write)
{
    return write ? PROTECTION_WRITE : PROTECTION_READ | PROTECTION_EXECUTE;
}

int space_resolve(struct space *space, uint64_t address, bool write, uint64_t *physical)
{
    return page_find(space, address, protection_wanted(write), false, physical);
}

int space_resolve_fetch(struct space *space, uint64_t address)
{
    uint64_t physical;
    return page_find(space, address, PROTECTION_EXECUTE, false, &physical);
}

// Pins a page that is there with the right that is wanted: its entry alone tells. False: it is not.
// Under the space's lock.
static inline bool page_pin_present(struct space *space, uint64_t address, bool write,
                                    uint64_t *physical)
{
    uint64_t entry = space_entry(space, address), wanted = space_rights(write);
    if ((entry & wanted) != wanted)
        return false;
    *physical = pte_physical(entry);
    page_get(*physical);
    return true;
}

bool space_pin_try(struct space *space, uint64_t address, bool write, uint64_t *physical)
{
    interrupt_state state;
    if (address >= SPACE_END || !lock_try(&space->lock, &state))
        return false;
    bool pinned = page_pin_present(space, address, write, physical);
    lock_release(&space->lock, state);
    return pinned;
}

uint64_t space_pin_present(struct space *space, uint64_t address, bool write, uint64_t *frames,
                           uint64_t count)
{
    uint64_t wanted = PTE_VALID | PTE_USER | (write ? PTE_WRITE : 0);
    uint64_t index = address >> PAGE_SHIFT & 511, done = 0;
    if (address >= SPACE_END)
        return 0;
    if (count > 512 - index)
        count = 512 - index; // of one table
    if (count > PIN_CHUNK)
        count = PIN_CHUNK;
    interrupt_state state = lock_take(&space->lock);
    int level;
    const uint64_t *entry = pagetable_walk(space->root, address, &level);
    while (entry && !level && done < count && (entry[done] & wanted) == wanted) {
        frames[done] = pte_physical(entry[done]);
        page_get(frames[done++]);
    }
    lock_release(&space->lock, state);
    return done;
}

// Less than a word is moved while a call of `memcpy` would begin.
static inline void little_copy(char *to, const char *from, uint64_t bytes)
{
    if (bytes >= sizeof(uint64_t)) {
        memcpy(to, from, bytes);
        return;
    }
    while (bytes--)
        *to++ = *from++;
}

// Copies between CORE and a page as page_pin_present finds it.
static inline bool small_copy(struct space *space, uint64_t address, char *core, uint64_t bytes,
                              bool write)
{
    uint64_t wanted = PTE_VALID | PTE_USER | (write ? PTE_WRITE : PTE_READ);
    uint64_t place = address % PAGE_SIZE;
    if (bytes > SPACE_SMALL || place + bytes > PAGE_SIZE || address >= SPACE_END)
        return false;
    interrupt_state state = lock_take(&space->lock);
    uint64_t entry = space_entry(space, address);
    bool present = (entry & wanted) == wanted;
    if (present) {
        char *user = (char *)page_pointer(pte_physical(entry)) + place;
        little_copy(write ? user : core, write ? core : user, bytes);
    }
    lock_release(&space->lock, state);
    return present;
}

bool space_read_small(struct space *space, void *destination, uint64_t address, uint64_t bytes)
{
    return small_copy(space, address, destination, bytes, false);
}

bool space_write_small(struct space *space, uint64_t address, const void *source, uint64_t bytes)
{
    return small_copy(space, address, (char *)(uintptr_t)source, bytes, true);
}

static __attribute__((noinline)) int page_pin(struct space *space, uint64_t address, bool write,
                                              uint64_t *physical)
{
    return page_find(space, address, protection_wanted(write), true, physical);
}

int space_pin(struct space *space, uint64_t address, bool write, uint64_t *physical)
{
    bool present = false;
    if (address < SPACE_END) { // the walk would look at fewer bits of it
        interrupt_state state = lock_take(&space->lock);
        present = page_pin_present(space, address, write, physical);
        lock_release(&space->lock, state);
    }
    return present ? 0 : page_pin(space, address, write, physical);
}

// ---- Cloning ----

// A page that can be written and has a second user is pinned: whoever writes to it through the pin
// means the parent's, so the clone takes its copy at once.
static int leaf_copy(struct space *clone, uint64_t address, uint64_t entry)
{
    uint64_t copy = frame_alloc();
    if (!copy)
        return -ENOMEM;
    memcpy(page_pointer(copy), page_pointer(pte_physical(entry)), PAGE_SIZE);
    int error = pagetable_map(clone->root, address, copy, entry & 0x3FF, 0);
    if (error)
        page_free(copy, 0);
    return error;
}

// Pages of a region that the clone gets under one hold of the lock.
struct cloning {
    struct space *clone;
    uint32_t count;
    uint64_t next; // address behind the last one
};

static int leaf_clone(void *context, uint64_t address, uint64_t *entry)
{
    struct cloning *cloning = context;
    struct space *clone = cloning->clone;
    uint64_t frame = pte_physical(*entry);
    int error;
    if ((*entry & PTE_WRITE) && !(*entry & PTE_SHARED) && page_users(frame) > 1) {
        error = leaf_copy(clone, address, *entry);
    } else {
        if (!(*entry & PTE_SHARED))
            entry_set(entry, frame, ((*entry & 0x3FF) | PTE_COPY) & ~(uint64_t)PTE_WRITE);
        error = pagetable_map(clone->root, address, frame, *entry & 0x3FF, 0);
        if (!error)
            page_get(frame);
    }
    clone->pages += !error;
    cloning->next = address + PAGE_SIZE;
    return !error && ++cloning->count == CLONE_CHUNK ? CLONE_PAUSE : error;
}

static int regions_clone(const struct space *space, struct space *clone)
{
    struct region **link = &clone->regions;
    for (const struct region *region = space->regions; region; region = region->next) {
        *link = core_alloc(sizeof(**link));
        if (!*link)
            return -ENOMEM;
        **link = *region;
        (*link)->next = NULL;
        link = &(*link)->next;
    }
    clone->region_count = space->region_count;
    return 0;
}

// Pages that are shared must be there before there are two who could touch them first.
static int region_populate(struct space *space, const struct region *region)
{
    uint64_t physical;
    int error = 0;
    for (uint64_t at = region->start; at < region->end && !error; at += PAGE_SIZE)
        error = space_resolve(space, at, false, &physical);
    return error == -EFAULT ? 0 : error; // without rights: nobody can touch it
}

static int region_clone(struct space *space, struct space *clone, const struct region *region)
{
    struct cloning cloning = {.clone = clone, .next = region->start};
    int error;
    do {
        cloning.count = 0;
        interrupt_state state = lock_take(&space->lock);
        error = leaves_visit(space->root, cloning.next, region->end, leaf_clone, &cloning);
        lock_release(&space->lock, state);
    } while (error == CLONE_PAUSE);
    return error;
}

static int pages_clone(struct space *space, struct space *clone)
{
    int error = 0;
    for (const struct region *region = clone->regions; region && !error; region = region->next) {
        if (region->protection & PROTECTION_SHARED)
            error = region_populate(space, region);
        if (!error)
            error = region_clone(space, clone, region);
    }
    return error;
}

struct space *space_clone(struct space *space)
{
    struct space *clone = space_create();
    if (!clone)
        return NULL;
    interrupt_state state = lock_take(&space->lock);
    __atomic_fetch_add(&space->clones_begun, 1, __ATOMIC_RELAXED);
    int error = regions_clone(space, clone);
    lock_release(&space->lock, state);
    if (!error)
        error = pages_clone(space, clone);
    space_fence(space); // what could be written no longer can
    __atomic_fetch_sub(&space->clones_begun, 1, __ATOMIC_RELEASE);
    if (!error)
        return clone;
    object_put(&clone->object);
    return NULL;
}
