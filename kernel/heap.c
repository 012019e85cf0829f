// SPDX-License-Identifier: MIT
#include "kernel/heap.h"
#include "kernel/abi/error.h"
#include "kernel/domain.h"
#include "kernel/rref.h"
#include "kernel/slot.h"
#include "microcore/page.h"
#include "microcore/pagetable.h"
#include "microcore/string.h"

#define BLOCK_ORDER 9 // 2 MiB
#define BLOCK_PAGES 512
#define BLOCK_SIZE  0x200000ull
#define BLOCKS      ((SLOT_SIZE - SLOT_SHARED) / BLOCK_SIZE)
#define PAGE_NONE   UINT32_MAX
#define HEAP_LEAVES 64  // of how many frames RRefs leave one to the stacks of domains
#define STALE_MAX   256 // pages that may wait for a trim
#define STALE_LOOK  16  // of these, how many are tried before a fresh page is taken
#define STALE_BATCH 128 // pages that leave the slots under one hold of the lock

#define SLAB_SHIFT_MIN 6 // 64 bytes
#define SLAB_CLASSES   6 // 64 .. 2048
#define SLAB_OBJECTS   64

// A page cut into equal objects, all allocated by one domain.
struct slab {
    struct slab *next;
    uint32_t domain; // id; 0: its domain is gone
    uint32_t page;   // number in the heap
    uint32_t class;
    uint64_t used;                // bit N: object N
    uint32_t index[SLAB_OBJECTS]; // in the registry
};

struct heap_page {
    uint64_t frame;
    uint64_t slots; // that have it mapped
    struct slab *slab;
    uint32_t index; // RRef that it belongs to, when it is no slab
    uint32_t next;  // while stale
};

// 2 MiB of the heap's addresses; made when first needed, never freed.
struct block {
    uint64_t used[BLOCK_PAGES / 64]; // bit: allocated or stale
    uint32_t free;
    bool whole; // one 2 MiB frame behind it; pages[0] tells for all
    struct heap_page pages[BLOCK_PAGES];
};

static struct lock heap_lock = LOCK_INIT(LOCK_RREF, "shared heap");
static struct block *blocks[BLOCKS];
static struct slab *slabs[SLAB_CLASSES]; // with room
static uint32_t stale_first = PAGE_NONE; // list through `next`; page numbers in the heap
static uint64_t stale_count;             // in pages

// Number of the lowest bit that is set (the core's instruction set has none for it).
static uint32_t lowest_bit(uint64_t word)
{
    uint32_t bit = 0;
    for (uint32_t half = 32; half; half /= 2) {
        if (word << (64 - half))
            continue;
        word >>= half;
        bit += half;
    }
    return bit;
}

static struct heap_page *page_at(uint32_t number)
{
    return &blocks[number / BLOCK_PAGES]->pages[number % BLOCK_PAGES];
}

static uint32_t page_number(uint64_t offset)
{
    return (uint32_t)((offset - SLOT_SHARED) >> PAGE_SHIFT);
}

static uint64_t page_offset(uint32_t number)
{
    return SLOT_SHARED + ((uint64_t)number << PAGE_SHIFT);
}

uint64_t heap_pages(uint64_t bytes)
{
    return bytes <= PAGE_SIZE / 2 ? 0 : (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

uint64_t heap_stale_pages(void)
{
    return __atomic_load_n(&stale_count, __ATOMIC_RELAXED);
}

// ---- Addresses: all under heap_lock ----

static bool page_is_used(const struct block *block, uint32_t page)
{
    return block->used[page / 64] >> page % 64 & 1;
}

static void pages_mark(struct block *block, uint32_t first, uint32_t count, bool used)
{
    for (uint32_t page = first; page < first + count; page++)
        block->used[page / 64] ^= 1ull << page % 64;
    block->free += used ? -count : count;
}

static struct block *block_get(uint32_t number)
{
    if (!blocks[number]) {
        struct block *block = core_alloc_kept(sizeof(*block));
        if (!block)
            return NULL;
        block->free = BLOCK_PAGES;
        if (number == BLOCKS - 1)
            pages_mark(block, BLOCK_PAGES - 1, 1, true); // the last page of a slot is never mapped
        __atomic_store_n(&blocks[number], block, __ATOMIC_RELEASE);
    }
    return blocks[number];
}

// COUNT free pages in a row within a block; PAGE_NONE: there are none.
static uint32_t run_find(const struct block *block, uint32_t count)
{
    uint32_t run = 0;
    if (block->free < count)
        return PAGE_NONE;
    for (uint32_t page = 0; page < BLOCK_PAGES; page++) {
        if (page % 64 == 0 && block->used[page / 64] == UINT64_MAX) {
            page += 63;
            run = 0;
            continue;
        }
        if (count == 1) // mostly, and somebody may wait for the state that goes there
            return page + lowest_bit(~block->used[page / 64]);
        run = page_is_used(block, page) ? 0 : run + 1;
        if (run == count)
            return page + 1 - count;
    }
    return PAGE_NONE;
}

static uint32_t pages_reserve_small(uint32_t count)
{
    for (uint32_t number = 0; number < BLOCKS; number++) {
        struct block *block = block_get(number);
        if (!block)
            break;
        uint32_t first = run_find(block, count);
        if (first == PAGE_NONE)
            continue;
        pages_mark(block, first, count, true);
        return number * BLOCK_PAGES + first;
    }
    return PAGE_NONE;
}

// Whole blocks in a row.
static uint32_t pages_reserve_large(uint32_t count)
{
    uint32_t run = 0, wanted = (count + BLOCK_PAGES - 1) / BLOCK_PAGES;
    for (uint32_t number = 0; number < BLOCKS; number++) {
        struct block *block = block_get(number);
        if (!block)
            break;
        run = block->free == BLOCK_PAGES ? run + 1 : 0;
        if (run < wanted)
            continue;
        for (uint32_t i = number + 1 - wanted; i <= number; i++)
            pages_mark(blocks[i], 0, BLOCK_PAGES, true);
        return (number + 1 - wanted) * BLOCK_PAGES;
    }
    return PAGE_NONE;
}

// How many pages of address an RRef of COUNT pages takes.
static uint32_t pages_reserved(uint32_t count)
{
    return count < BLOCK_PAGES ? count : (count + BLOCK_PAGES - 1) / BLOCK_PAGES * BLOCK_PAGES;
}

static void page_set(struct heap_page *page, uint64_t frame, uint32_t index)
{
    page->slots = 0;
    page->slab = NULL;
    page->index = index;
    __atomic_store_n(&page->frame, frame, __ATOMIC_RELEASE);
}

// ---- Stale pages: all under heap_lock ----

static void stale_push(uint32_t number)
{
    page_at(number)->slab = NULL;
    page_at(number)->index = PAGE_NONE;
    page_at(number)->next = stale_first;
    stale_first = number;
    stale_count += blocks[number / BLOCK_PAGES]->whole ? BLOCK_PAGES : 1;
}

// A stale page that no other slot than DOMAIN's has mapped, for INDEX.
static uint32_t stale_take(const struct domain *domain, uint32_t index)
{
    uint32_t *link = &stale_first;
    for (uint32_t i = 0; i < STALE_LOOK && *link != PAGE_NONE; i++) {
        uint32_t number = *link;
        struct heap_page *page = page_at(number);
        if (!(page->slots & ~domain->slot_bit) && !blocks[number / BLOCK_PAGES]->whole) {
            *link = page->next;
            stale_count--;
            page->index = index;
            return number;
        }
        link = &page->next;
    }
    return PAGE_NONE;
}

static void slot_unmap(struct slot *slot, uint32_t number, bool whole)
{
    interrupt_state state = lock_take(&slot->lock);
    for (uint32_t page = number; page < number + (whole ? BLOCK_PAGES : 1); page++) {
        int level = 0;
        uint64_t address = slot->base + page_offset(page);
        if (pagetable_walk(core_pagetable, address, &level))
            pagetable_unmap(core_pagetable, address);
        if (level == 1)
            break;
    }
    lock_release(&slot->lock, state);
}

// Takes up to STALE_BATCH pages out of all slots and puts them on LIST. How many.
static uint32_t stale_unmap(uint32_t *list)
{
    uint32_t count = 0;
    interrupt_state state = lock_take(&heap_lock);
    while (stale_first != PAGE_NONE && count < STALE_BATCH) {
        uint32_t number = stale_first;
        struct heap_page *page = page_at(number);
        bool whole = blocks[number / BLOCK_PAGES]->whole;
        stale_first = page->next;
        stale_count -= whole ? BLOCK_PAGES : 1;
        for (uint64_t set = page->slots; set; set &= set - 1)
            slot_unmap(slot_at(lowest_bit(set)), number, whole);
        page->next = *list;
        *list = number;
        count++;
    }
    lock_release(&heap_lock, state);
    return count;
}

// Frees frames and addresses of pages that no hart can reach any more.
static void pages_release(uint32_t list)
{
    while (list != PAGE_NONE) {
        struct block *block = blocks[list / BLOCK_PAGES];
        struct heap_page *page = page_at(list);
        uint32_t number = list;
        list = page->next;
        page_free(page->frame, block->whole ? BLOCK_ORDER : 0);
        interrupt_state state = lock_take(&heap_lock);
        page_set(page, 0, PAGE_NONE);
        pages_mark(block, number % BLOCK_PAGES, block->whole ? BLOCK_PAGES : 1, false);
        block->whole = false;
        lock_release(&heap_lock, state);
    }
}

void heap_trim(bool all)
{
    uint64_t waiting = heap_stale_pages();
    if (!waiting || (!all && waiting <= STALE_MAX))
        return;
    uint32_t list = PAGE_NONE;
    while (stale_unmap(&list))
        continue;
    fence_all(false);
    pages_release(list);
}

// ---- RRefs of a page and more ----

// Frames for reserved pages; they belong to the RRef from now on. How many pages it got.
static uint32_t pages_fill(uint32_t first, uint32_t count, uint32_t index)
{
    for (uint32_t done = 0; done < count;) {
        struct block *block = blocks[(first + done) / BLOCK_PAGES];
        uint64_t frame = 0;
        if (!page_is_spare(HEAP_LEAVES))
            return done;
        if (count - done >= BLOCK_PAGES && done % BLOCK_PAGES == 0)
            frame = page_alloc_zeroed(BLOCK_ORDER);
        uint32_t pages = frame ? BLOCK_PAGES : 1;
        if (!frame)
            frame = page_alloc_zeroed(0);
        if (!frame)
            return done;
        if (pages > 1)
            block->whole = true; // all of it is reserved for this RRef
        page_set(page_at(first + done), frame, index);
        done += pages;
    }
    return count;
}

// Gives pages back that were never seen by anybody; [first, filled) have frames.
static void pages_undo(uint32_t first, uint32_t filled, uint32_t reserved)
{
    for (uint32_t done = 0; done < reserved;) {
        uint32_t number = first + done;
        struct block *block = blocks[number / BLOCK_PAGES];
        uint32_t pages = block->whole ? BLOCK_PAGES : 1;
        if (done < filled)
            page_free(page_at(number)->frame, block->whole ? BLOCK_ORDER : 0);
        interrupt_state state = lock_take(&heap_lock);
        page_set(page_at(number), 0, PAGE_NONE);
        pages_mark(block, number % BLOCK_PAGES, pages, false);
        block->whole = false;
        lock_release(&heap_lock, state);
        done += pages;
    }
}

static uint32_t pages_alloc(uint32_t count, uint32_t index)
{
    interrupt_state state = lock_take(&heap_lock);
    uint32_t first = count < BLOCK_PAGES ? pages_reserve_small(count) : pages_reserve_large(count);
    lock_release(&heap_lock, state);
    if (first == PAGE_NONE)
        return PAGE_NONE;
    uint32_t filled = pages_fill(first, count, index);
    if (filled >= count)
        return first;
    pages_undo(first, filled, pages_reserved(count));
    return PAGE_NONE;
}

// One page, preferably one that only DOMAIN has had.
static uint32_t page_take(const struct domain *domain, uint32_t index)
{
    interrupt_state state = lock_take(&heap_lock);
    uint32_t number = stale_take(domain, index);
    lock_release(&heap_lock, state);
    if (number == PAGE_NONE)
        return pages_alloc(1, index);
    memset(page_pointer(page_at(number)->frame), 0, PAGE_SIZE);
    return number;
}

static void pages_retire(uint32_t first, uint32_t count)
{
    for (uint32_t done = 0; done < pages_reserved(count);) {
        interrupt_state state = lock_take(&heap_lock);
        uint32_t number = first + done;
        struct block *block = blocks[number / BLOCK_PAGES];
        uint32_t pages = block->whole ? BLOCK_PAGES : 1;
        if (page_at(number)->frame)
            stale_push(number);
        else
            pages_mark(block, number % BLOCK_PAGES, pages, false); // past the RRef's end
        lock_release(&heap_lock, state);
        done += pages;
    }
}

// ---- RRefs below a page ----

static uint32_t slab_class(uint64_t bytes)
{
    uint32_t class = 0;
    while (bytes > 1ull << (SLAB_SHIFT_MIN + class))
        class ++;
    return class;
}

// All bits that a slab of this class can have.
static uint64_t slab_full(uint32_t class)
{
    uint32_t objects = PAGE_SIZE >> (SLAB_SHIFT_MIN + class);
    return objects == SLAB_OBJECTS ? UINT64_MAX : (1ull << objects) - 1;
}

static void slab_list(struct slab *slab)
{
    slab->next = slabs[slab->class];
    slabs[slab->class] = slab;
}

static void slab_unlist(struct slab *slab)
{
    struct slab **link = &slabs[slab->class];
    while (*link && *link != slab)
        link = &(*link)->next;
    if (*link)
        *link = slab->next;
}

// An object of a listed slab for INDEX. Under heap_lock.
static uint64_t slab_take(struct slab *slab, uint32_t index)
{
    uint32_t object = lowest_bit(~slab->used);
    slab->used |= 1ull << object;
    slab->index[object] = index;
    if (slab->used == slab_full(slab->class))
        slab_unlist(slab);
    return page_offset(slab->page) + ((uint64_t)object << (SLAB_SHIFT_MIN + slab->class));
}

static uint64_t slab_take_listed(const struct domain *domain, uint32_t class, uint32_t index)
{
    interrupt_state state = lock_take(&heap_lock);
    struct slab *slab = slabs[class];
    while (slab && slab->domain != domain->id)
        slab = slab->next;
    uint64_t offset = slab ? slab_take(slab, index) : 0;
    lock_release(&heap_lock, state);
    return offset;
}

static uint64_t slab_take_new(const struct domain *domain, uint32_t class, uint32_t index)
{
    struct slab *slab = core_alloc(sizeof(*slab));
    uint32_t page = slab ? page_take(domain, PAGE_NONE) : PAGE_NONE;
    if (page == PAGE_NONE) {
        if (slab)
            core_free(slab, sizeof(*slab));
        return 0;
    }
    slab->domain = domain->id;
    slab->page = page;
    slab->class = class;
    interrupt_state state = lock_take(&heap_lock);
    page_at(page)->slab = slab;
    page_keep(1);
    slab_list(slab);
    uint64_t offset = slab_take(slab, index);
    lock_release(&heap_lock, state);
    return offset;
}

static uint64_t slab_alloc(const struct domain *domain, uint64_t bytes, uint32_t index)
{
    uint32_t class = slab_class(bytes);
    uint64_t offset = slab_take_listed(domain, class, index);
    if (!offset)
        return slab_take_new(domain, class, index);
    uint64_t length = 1ull << (SLAB_SHIFT_MIN + class);
    memset(page_pointer(heap_physical(offset, &length)), 0, length);
    return offset;
}

static void slab_give(uint64_t offset)
{
    interrupt_state state = lock_take(&heap_lock);
    struct slab *slab = page_at(page_number(offset))->slab;
    uint32_t object = (uint32_t)(offset % PAGE_SIZE >> (SLAB_SHIFT_MIN + slab->class));
    bool was_listed = slab->domain && slab->used != slab_full(slab->class);
    slab->used &= ~(1ull << object);
    if (slab->used && slab->domain && !was_listed)
        slab_list(slab);
    if (!slab->used) {
        if (was_listed)
            slab_unlist(slab);
        stale_push(slab->page);
        page_keep(-1);
        core_free(slab, sizeof(*slab));
    }
    lock_release(&heap_lock, state);
}

void heap_forget_domain(const struct domain *domain)
{
    interrupt_state state = lock_take(&heap_lock);
    for (uint32_t class = 0; class < SLAB_CLASSES; class ++) {
        for (struct slab **link = &slabs[class]; *link;) {
            struct slab *slab = *link;
            if (slab->domain == domain->id) {
                *link = slab->next;
                slab->domain = 0;
            } else {
                link = &slab->next;
            }
        }
    }
    lock_release(&heap_lock, state);
}

// ---- What the registry calls ----

uint64_t heap_alloc(const struct domain *domain, uint64_t bytes, uint32_t index)
{
    heap_trim(false);
    for (int tries = 0; tries < 2; tries++) {
        uint64_t pages = heap_pages(bytes), offset = 0;
        if (!pages) {
            offset = slab_alloc(domain, bytes, index);
        } else {
            uint32_t page =
                pages == 1 ? page_take(domain, index) : pages_alloc((uint32_t)pages, index);
            if (page != PAGE_NONE)
                offset = page_offset(page);
        }
        if (offset)
            return offset;
        heap_trim(true);
    }
    return 0;
}

void heap_free(uint64_t offset, uint64_t bytes)
{
    if (heap_pages(bytes))
        pages_retire(page_number(offset), (uint32_t)heap_pages(bytes));
    else
        slab_give(offset);
}

// The record that tells for a page: its own, or the first one's of a whole block.
static struct heap_page *page_record(uint32_t number)
{
    struct block *block = __atomic_load_n(&blocks[number / BLOCK_PAGES], __ATOMIC_ACQUIRE);
    if (!block)
        return NULL;
    return &block->pages[block->whole ? 0 : number % BLOCK_PAGES];
}

inline uint64_t heap_row(uint64_t offset, uint64_t *row)
{
    const struct block *block = blocks[page_number(offset) / BLOCK_PAGES];
    uint64_t in_page = offset % (block->whole ? BLOCK_SIZE : PAGE_SIZE);
    *row = (block->whole ? BLOCK_SIZE : PAGE_SIZE) - in_page;
    return block->pages[block->whole ? 0 : page_number(offset) % BLOCK_PAGES].frame + in_page;
}

uint64_t heap_physical(uint64_t offset, uint64_t *length)
{
    uint64_t done, row, start = heap_row(offset, &done);
    while (done < *length && heap_row(offset + done, &row) == start + done)
        done += row;
    if (done < *length)
        *length = done;
    return start;
}

// ---- Faults ----

static bool page_allowed(const struct domain *domain, const struct heap_page *page)
{
    if (!page->slab)
        return rref_reaches(domain, page->index);
    for (uint64_t used = page->slab->used; used; used &= used - 1) {
        if (rref_reaches(domain, page->slab->index[lowest_bit(used)]))
            return true;
    }
    return false;
}

static int page_enter(struct slot *slot, uint32_t number, const struct heap_page *page)
{
    const uint64_t flags =
        PTE_VALID | PTE_READ | PTE_WRITE | PTE_GLOBAL | PTE_ACCESSED | PTE_DIRTY | PTE_SHARED;
    uint64_t in_block = (uint64_t)(number % BLOCK_PAGES) << PAGE_SHIFT;
    uint64_t address = slot->base + page_offset(number), frame = page->frame;
    int error = -EEXIST;
    interrupt_state state = lock_take(&slot->lock);
    if (blocks[number / BLOCK_PAGES]->whole) {
        error = pagetable_map(core_pagetable, address - in_block, frame, flags, 1);
        frame += in_block; // where a table of small pages is left over from earlier
    }
    if (error == -EEXIST)
        error = pagetable_map(core_pagetable, address, frame, flags, 0);
    lock_release(&slot->lock, state);
    return error == -EEXIST ? 0 : error;
}

int heap_touch(struct slot *slot, uint64_t offset)
{
    uint32_t number = page_number(offset);
    int error = -EFAULT;
    interrupt_state state = lock_take(&heap_lock);
    struct heap_page *page = page_record(number);
    if (page && page->frame && page_allowed(slot->domain, page)) {
        error = page_enter(slot, number, page);
        if (!error)
            page->slots |= 1ull << slot->index;
    }
    lock_release(&heap_lock, state);
    return error;
}

void heap_forget_slot(const struct slot *slot)
{
    for (uint32_t number = 0; number < BLOCKS; number++) {
        if (!blocks[number])
            continue;
        interrupt_state state = lock_take(&heap_lock);
        for (uint32_t page = 0; page < BLOCK_PAGES; page++)
            blocks[number]->pages[page].slots &= ~(1ull << slot->index);
        lock_release(&heap_lock, state);
    }
}
