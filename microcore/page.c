// SPDX-License-Identifier: MIT
// Buddy allocator after Knuth, The Art of Computer Programming 1, 2.5. All that it knows of a frame
// is kept beside the frames, not in them: memory that nobody uses is not touched, and the host does
// not have to find any for it.
#include "microcore/page.h"
#include "microcore/devicetree.h"
#include "microcore/fail.h"
#include "microcore/hart.h"
#include "microcore/layout.h"
#include "microcore/lock.h"
#include "microcore/panic.h"
#include "microcore/string.h"

#define ORDERS      (PAGE_ORDER_MAX + 1)
#define CACHE_PAGES 32
#define CACHE_CLEAR 15
#define NOT_FREE    0 // in free_order; else order + 1

struct frame {
    uint32_t users;
    uint32_t next, previous; // of the ring of free blocks, if this frame begins one
};

static struct lock page_lock = LOCK_INIT(LOCK_PAGE, "page");
static struct frame *frames; // behind the last one: the heads of the rings, one for each order
static uint8_t *free_order;
static uint64_t first_frame, frame_count;
static size_t total, free_in_lists, kept;

// Single pages, last in first out, so that they are warm; the clear ones are full of zeros.
static struct {
    uint32_t count, clear_count;
    uint64_t pages[CACHE_PAGES], clear[CACHE_CLEAR];
} __attribute__((aligned(128))) caches[HARTS_MAX];

void *page_pointer(uint64_t physical)
{
    return (void *)(DIRECT_MAP + physical);
}

uint64_t page_physical(const void *direct_pointer)
{
    return (uint64_t)direct_pointer - DIRECT_MAP;
}

static __attribute__((noinline, cold, noreturn)) void frame_unknown(uint64_t physical)
{
    panic("page: 0x%lx is no page frame", (unsigned long)physical);
}

static uint64_t frame_number(uint64_t physical)
{
    uint64_t number = (physical >> PAGE_SHIFT) - first_frame;
    if (number >= frame_count || physical & (PAGE_SIZE - 1))
        frame_unknown(physical);
    return number;
}

static void block_insert(uint64_t physical, unsigned order)
{
    uint32_t block = (uint32_t)frame_number(physical), head = (uint32_t)frame_count + order;
    frames[block].next = frames[head].next;
    frames[block].previous = head;
    frames[frames[head].next].previous = block;
    frames[head].next = block;
    free_order[block] = (uint8_t)(order + 1);
    free_in_lists += 1ul << order;
}

static void block_remove(uint64_t physical, unsigned order)
{
    uint64_t block = frame_number(physical);
    frames[frames[block].next].previous = frames[block].previous;
    frames[frames[block].previous].next = frames[block].next;
    free_order[block] = NOT_FREE;
    free_in_lists -= 1ul << order;
}

// Puts a block back and joins it with its free neighbours. Lock held.
static void block_free(uint64_t physical, unsigned order)
{
    if (free_order[frame_number(physical)] != NOT_FREE)
        panic("page: 0x%lx is freed twice", (unsigned long)physical);
    while (order < PAGE_ORDER_MAX) {
        uint64_t buddy = physical ^ PAGE_SIZE << order;
        uint64_t number = (buddy >> PAGE_SHIFT) - first_frame; // wraps to a large one below
        if (number >= frame_count || free_order[number] != order + 1)
            break;
        block_remove(buddy, order);
        physical &= buddy;
        order++;
    }
    block_insert(physical, order);
}

// The smallest free block that is large enough, its rest put back. 0: none. Lock held.
static uint64_t block_alloc(unsigned order)
{
    unsigned found = order;
    while (found <= PAGE_ORDER_MAX && frames[frame_count + found].next == frame_count + found)
        found++;
    if (found > PAGE_ORDER_MAX)
        return 0;
    uint64_t physical = (first_frame + frames[frame_count + found].next) << PAGE_SHIFT;
    block_remove(physical, found);
    while (found > order) {
        found--;
        block_insert(physical + (PAGE_SIZE << found), found);
    }
    return physical;
}

// Takes the room for the numbers beside the frames from the first range.
static uint64_t frames_init(uint64_t start)
{
    first_frame = machine.memory_start >> PAGE_SHIFT;
    frame_count = (machine.memory_end >> PAGE_SHIFT) - first_frame;
    frames = page_pointer(start); // each is set when it is freed or allocated
    for (unsigned order = 0; order < ORDERS; order++) {
        uint32_t head = (uint32_t)frame_count + order;
        frames[head].next = frames[head].previous = head;
    }
    free_order = (uint8_t *)(frames + frame_count + ORDERS);
    memset(free_order, NOT_FREE, frame_count);
    uint64_t bytes = (frame_count + ORDERS) * sizeof(*frames) + frame_count;
    return start + ((bytes + PAGE_SIZE - 1) & -(uint64_t)PAGE_SIZE);
}

void page_add_range(uint64_t start, uint64_t end)
{
    if (!frame_count)
        start = frames_init(start);
    if (start >= end)
        return;
    interrupt_state state = lock_take(&page_lock);
    while (start < end) {
        unsigned order = PAGE_ORDER_MAX;
        while (start & ((PAGE_SIZE << order) - 1) || start + (PAGE_SIZE << order) > end)
            order--;
        block_free(start, order);
        total += 1ul << order;
        start += PAGE_SIZE << order;
    }
    lock_release(&page_lock, state);
}

// Moves half a cache between a hart and the lists. Interrupts off.
static void cache_refill(uint32_t hart)
{
    interrupt_state state = lock_take(&page_lock);
    while (caches[hart].count < CACHE_PAGES / 2) {
        uint64_t physical = block_alloc(0);
        if (!physical)
            break;
        caches[hart].pages[caches[hart].count++] = physical;
    }
    lock_release(&page_lock, state);
}

static void cache_flush(uint32_t hart)
{
    interrupt_state state = lock_take(&page_lock);
    while (caches[hart].count > CACHE_PAGES / 2)
        block_free(caches[hart].pages[--caches[hart].count], 0);
    lock_release(&page_lock, state);
}

// A page for who wants a *CLEAR one, which receives whether it is. 0: none. A clear page goes to
// who does not want it only when there is no other.
static uint64_t cache_alloc(bool *clear)
{
    interrupt_state state = interrupts_hold();
    uint32_t hart = hart_current()->index;
    uint64_t physical = 0;
    bool from_clear = *clear && caches[hart].clear_count;
    if (!from_clear && !caches[hart].count)
        cache_refill(hart);
    if (!from_clear && caches[hart].count)
        physical = caches[hart].pages[--caches[hart].count];
    else if (caches[hart].clear_count)
        physical = caches[hart].clear[--caches[hart].clear_count];
    *clear = from_clear;
    interrupts_let(state);
    return physical;
}

static void cache_free(uint64_t physical)
{
    interrupt_state state = interrupts_hold();
    uint32_t hart = hart_current()->index;
    if (caches[hart].count == CACHE_PAGES)
        cache_flush(hart);
    caches[hart].pages[caches[hart].count++] = physical;
    interrupts_let(state);
}

static uint64_t block_take(unsigned order, bool *clear)
{
    uint64_t physical = 0;
    if (fail_now(FAIL_PAGE))
        return 0;
    if (order == 0) {
        physical = cache_alloc(clear);
    } else if (order <= PAGE_ORDER_MAX) {
        interrupt_state state = lock_take(&page_lock);
        physical = block_alloc(order);
        lock_release(&page_lock, state);
    }
    if (physical)
        __atomic_store_n(&frames[frame_number(physical)].users, 1, __ATOMIC_RELAXED);
    return physical;
}

uint64_t page_alloc(unsigned order)
{
    bool clear = false;
    return block_take(order, &clear);
}

uint64_t page_alloc_zeroed(unsigned order)
{
    bool clear = order == 0;
    uint64_t physical = block_take(order, &clear);
    if (physical && !clear)
        memset(page_pointer(physical), 0, PAGE_SIZE << order);
    return physical;
}

static void user_end(uint64_t physical)
{
    uint32_t users =
        __atomic_exchange_n(&frames[frame_number(physical)].users, 0, __ATOMIC_RELAXED);
    if (users != 1)
        panic("page: 0x%lx is freed with %u users", (unsigned long)physical, users);
}

static __attribute__((unused)) bool page_is_clear(uint64_t physical) // DEBUG=1
{
    const uint64_t *word = page_pointer(physical), *end = word + PAGE_SIZE / sizeof(*word);
    while (word < end && !*word)
        word++;
    return word == end;
}

void page_free_zeroed(uint64_t physical)
{
    assert(page_is_clear(physical));
    user_end(physical);
    interrupt_state state = interrupts_hold();
    uint32_t hart = hart_current()->index;
    bool has_room = caches[hart].clear_count < CACHE_CLEAR;
    if (has_room)
        caches[hart].clear[caches[hart].clear_count++] = physical;
    interrupts_let(state);
    if (!has_room)
        cache_free(physical);
}

void page_free(uint64_t physical, unsigned order)
{
    user_end(physical);
    if (order == 0) {
        cache_free(physical);
        return;
    }
    interrupt_state state = lock_take(&page_lock);
    block_free(physical, order);
    lock_release(&page_lock, state);
}

inline void page_get(uint64_t physical)
{
    __atomic_fetch_add(&frames[frame_number(physical)].users, 1, __ATOMIC_RELAXED);
}

// It had one user, or none. Out of line, so that taking one of several saves no registers.
static __attribute__((noinline)) void page_put_last(uint64_t physical, uint32_t users)
{
    if (!users)
        panic("page: 0x%lx is put without a user", (unsigned long)physical);
    cache_free(physical);
}

inline void page_put(uint64_t physical)
{
    uint32_t users = __atomic_fetch_sub(&frames[frame_number(physical)].users, 1, __ATOMIC_ACQ_REL);
    if (users <= 1)
        page_put_last(physical, users);
}

uint32_t page_users(uint64_t physical)
{
    return __atomic_load_n(&frames[frame_number(physical)].users, __ATOMIC_RELAXED);
}

size_t page_count_total(void)
{
    return total;
}

size_t page_count_free(void)
{
    size_t count = __atomic_load_n(&free_in_lists, __ATOMIC_RELAXED);
    for (uint32_t hart = 0; hart < HARTS_MAX; hart++)
        count += __atomic_load_n(&caches[hart].count, __ATOMIC_RELAXED) +
                 __atomic_load_n(&caches[hart].clear_count, __ATOMIC_RELAXED);
    return count;
}

void page_keep(ptrdiff_t count)
{
    __atomic_fetch_add(&kept, count, __ATOMIC_RELAXED);
}

size_t page_count_kept(void)
{
    return __atomic_load_n(&kept, __ATOMIC_RELAXED);
}

bool page_is_spare(size_t parts)
{
    return page_count_free() > total / parts;
}
