// SPDX-License-Identifier: MIT
// Small objects of the core: pages cut into pieces of one power of two, after Bonwick's slabs
// (USENIX 1994). A page whose last piece is freed goes back to the page allocator. Pieces of more
// than a quarter of a page are whole blocks of pages.
#include "microcore/fail.h"
#include "microcore/layout.h"
#include "microcore/lock.h"
#include "microcore/page.h"
#include "microcore/panic.h"
#include "microcore/string.h"

#define SHIFT_MIN 5  // 32 bytes
#define SHIFT_MAX 10 // 1 KiB, three in a page
#define SHIFTS    (SHIFT_MAX - SHIFT_MIN + 1)

struct piece {
    struct piece *next;
};

struct slab {                     // at the start of its page
    struct slab *next, *previous; // among those with a free piece
    struct piece *free;
    uint32_t used;
    uint32_t shift;
};

_Static_assert(sizeof(struct slab) <= 1 << SHIFT_MIN, "the smallest first piece is the header");

// Held across calls of the page allocator, whose own lock ranks behind.
static struct lock heap_lock = LOCK_INIT(LOCK_HEAP, "heap");
static struct slab *slabs[SHIFTS];
static size_t piece_bytes; // in use

static unsigned shift_for(size_t bytes)
{
    unsigned shift = SHIFT_MIN;
    while (1ul << shift < bytes)
        shift++;
    return shift;
}

static unsigned order_for(size_t bytes)
{
    unsigned order = 0;
    while ((size_t)PAGE_SIZE << order < bytes)
        order++;
    return order;
}

static void slab_link(struct slab *slab)
{
    struct slab **head = &slabs[slab->shift - SHIFT_MIN];
    slab->previous = NULL;
    slab->next = *head;
    if (*head)
        (*head)->previous = slab;
    *head = slab;
}

static void slab_unlink(struct slab *slab)
{
    if (slab->next)
        slab->next->previous = slab->previous;
    if (slab->previous)
        slab->previous->next = slab->next;
    else
        slabs[slab->shift - SHIFT_MIN] = slab->next;
}

static struct slab *slab_create(unsigned shift)
{
    uint64_t physical = page_alloc(0);
    if (!physical)
        return NULL;
    struct slab *slab = page_pointer(physical);
    *slab = (struct slab){.shift = shift};
    for (size_t offset = PAGE_SIZE - (1ul << shift); offset >= sizeof(*slab);
         offset -= 1ul << shift) {
        struct piece *piece = (struct piece *)((char *)slab + offset);
        piece->next = slab->free;
        slab->free = piece;
    }
    slab_link(slab);
    page_keep(1);
    return slab;
}

static void *piece_alloc(unsigned shift)
{
    interrupt_state state = lock_take(&heap_lock);
    struct slab *slab = slabs[shift - SHIFT_MIN];
    if (!slab)
        slab = slab_create(shift);
    struct piece *piece = NULL;
    if (slab) {
        piece = slab->free;
        slab->free = piece->next;
        slab->used++;
        piece_bytes += 1ul << shift;
        if (!slab->free)
            slab_unlink(slab);
    }
    lock_release(&heap_lock, state);
    return piece;
}

static void piece_free(struct piece *piece, unsigned shift)
{
    struct slab *slab = (struct slab *)((uint64_t)piece & -(uint64_t)PAGE_SIZE);
    interrupt_state state = lock_take(&heap_lock);
    if (slab->shift != shift || !slab->used)
        panic("heap: %p of %u bytes was not allocated so", (void *)piece, 1u << shift);
    if (!slab->free)
        slab_link(slab);
    piece->next = slab->free;
    slab->free = piece;
    piece_bytes -= 1ul << shift;
    if (!--slab->used) {
        slab_unlink(slab);
        page_keep(-1);
        page_free(page_physical(slab), 0);
    }
    lock_release(&heap_lock, state);
}

size_t core_bytes(void)
{
    return __atomic_load_n(&piece_bytes, __ATOMIC_RELAXED);
}

void *core_alloc(size_t bytes)
{
    if (fail_now(FAIL_OBJECT))
        return NULL;
    if (bytes > 1ul << SHIFT_MAX) {
        uint64_t physical = page_alloc_zeroed(order_for(bytes));
        return physical ? page_pointer(physical) : NULL;
    }
    void *pointer = piece_alloc(shift_for(bytes));
    return pointer ? memset(pointer, 0, bytes) : NULL;
}

void *core_alloc_kept(size_t bytes)
{
    void *pointer = core_alloc(bytes);
    if (pointer)
        page_keep(1ul << order_for(bytes));
    return pointer;
}

void core_free(void *pointer, size_t bytes)
{
    if (!pointer)
        return;
    if (bytes > 1ul << SHIFT_MAX)
        page_free(page_physical(pointer), order_for(bytes));
    else
        piece_free(pointer, shift_for(bytes));
}
