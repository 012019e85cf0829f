// SPDX-License-Identifier: MIT
#include "kernel/slot.h"
#include "kernel/abi/error.h"
#include "kernel/domain.h"
#include "kernel/entries.h"
#include "kernel/heap.h"
#include "kernel/proxy.h"
#include "kernel/thread.h"
#include "microcore/copy.h"
#include "microcore/fail.h"
#include "microcore/page.h"
#include "microcore/pagetable.h"
#include "microcore/panic.h"
#include "microcore/string.h"
#include "microcore/task.h"
#include "microcore/timer.h"

#define SLOT_ROOTS     (SLOT_SIZE >> 30) // root entries of one slot
#define TABLE_ENTRIES  512
#define HEAP_LEAVES    64 // of how many frames heaps leave one to the stacks
#define TOUCH_TRIES    50 // to find a page for what was touched
#define TOUCH_PAUSE_NS 1000000
#define LEAF_FLAGS     (PTE_VALID | PTE_GLOBAL | PTE_ACCESSED | PTE_DIRTY)

static struct slot slots[SLOT_COUNT];
static uint32_t slot_next; // fresh slots are taken in turn, so that a stale address is found out

static uint64_t gate_frame(void)
{
    int level;
    uint64_t address = (uint64_t)gate_page;
    uint64_t *entry = pagetable_walk(core_pagetable, address, &level);
    uint64_t in_leaf = address & ((1ull << (PAGE_SHIFT + 9 * level)) - 1);
    return pte_physical(*entry) + in_leaf;
}

static void gate_map(uint64_t address)
{
    if (pagetable_map(core_pagetable, address, gate_frame(), LEAF_FLAGS | PTE_READ | PTE_SHARED, 0))
        panic("slot: cannot map the gate page at %p", (void *)address);
}

void slot_init(void)
{
    for (uint32_t i = 0; i < SLOT_COUNT; i++) {
        slots[i].index = i;
        slots[i].base = SLOT_AREA + i * SLOT_SIZE;
        lock_init(&slots[i].lock, LOCK_SLOT, "slot");
        gate_map(slots[i].base + SLOT_GATE_PAGE);
    }
    gate_map(SLOT_AREA_END);
}

static bool slot_take(struct slot *slot, struct domain *domain)
{
    struct domain *expected = NULL;
    return __atomic_compare_exchange_n(&slot->domain, &expected, domain, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

// A slot in which the image has run before knows its code by address: branch predictors, and an
// emulator's translations, of which a fresh slot costs an update a millisecond.
struct slot *slot_alloc(struct domain *domain)
{
    if (fail_now(FAIL_SLOT))
        return NULL;
    for (uint32_t i = 0; i < SLOT_COUNT; i++) {
        if (slots[i].image == domain->image && slot_take(&slots[i], domain))
            return &slots[i];
    }
    for (uint32_t i = 0; i < SLOT_COUNT; i++) {
        uint32_t index = __atomic_fetch_add(&slot_next, 1, __ATOMIC_RELAXED) % SLOT_COUNT;
        if (!slot_take(&slots[index], domain))
            continue;
        slots[index].image = domain->image;
        return &slots[index];
    }
    return NULL;
}

uint32_t slot_count_free(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SLOT_COUNT; i++)
        count += !slots[i].domain;
    return count;
}

uint64_t slot_count_stack_pages(void)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < SLOT_COUNT; i++)
        count += slots[i].stack_pages;
    return count;
}

struct slot *slot_of(uint64_t address)
{
    if (address < SLOT_AREA || address >= SLOT_AREA_END)
        return NULL;
    return &slots[(address - SLOT_AREA) / SLOT_SIZE];
}

struct slot *slot_at(uint32_t index)
{
    return &slots[index];
}

// ---- Releasing ----
// The tables below the level-1 entries are first made unreachable, then all harts fenced, then they
// and the private frames freed: no walk of the page tables can still be on its way through them.

// The level-1 table for the Nth GiB of a slot.
static uint64_t *slot_table(const struct slot *slot, uint32_t n)
{
    uint64_t entry = core_pagetable[((slot->base >> 30) + n) % TABLE_ENTRIES];
    return page_pointer(pte_physical(entry));
}

// Most entries of a table are 0, and callers may wait for who reads them all: the first from INDEX
// on that is not, looked for in lines; TABLE_ENTRIES if there is none.
static uint32_t table_next(const uint64_t *table, uint32_t index)
{
    while (index < TABLE_ENTRIES) {
        const uint64_t *line = table + index;
        if (index % 8 == 0 &&
            !(line[0] | line[1] | line[2] | line[3] | line[4] | line[5] | line[6] | line[7]))
            index += 8;
        else if (*line)
            return index;
        else
            index++;
    }
    return index;
}

#define TABLE_EACH(table, first, i)                                                                \
    for (uint32_t i = table_next(table, first); i < TABLE_ENTRIES; i = table_next(table, i + 1))

static void table_detach(uint64_t *table)
{
    TABLE_EACH(table, 0, i)
    __atomic_fetch_and(&table[i], ~(uint64_t)PTE_VALID, __ATOMIC_RELAXED);
}

static void table_leaves_free(const uint64_t *leaves)
{
    TABLE_EACH(leaves, 0, i)
    {
        if ((leaves[i] & PTE_VALID) && !(leaves[i] & PTE_SHARED))
            page_free(pte_physical(leaves[i]), 0);
    }
}

static void table_free(uint64_t *table, uint32_t first)
{
    TABLE_EACH(table, first, i)
    {
        bool leaf = table[i] & (PTE_READ | PTE_WRITE | PTE_EXECUTE); // a 2 MiB block of the heap
        if (!leaf) {
            table_leaves_free(page_pointer(pte_physical(table[i])));
            page_free(pte_physical(table[i]), 0);
            page_keep(-1);
        }
        table[i] = 0;
    }
}

// The first table stays, and in it the gate page alone: there may be no memory for another one.
static void gate_table_free(uint64_t *table)
{
    uint64_t *leaves = page_pointer(pte_physical(table[0]));
    table_leaves_free(leaves);
    memset(leaves + 1, 0, PAGE_SIZE - sizeof(*leaves));
    __atomic_fetch_or(&table[0], PTE_VALID, __ATOMIC_RELEASE);
    table_free(table, 1);
}

void slot_release(struct slot *slot)
{
    interrupt_state state = lock_take(&slot->lock);
    for (uint32_t n = 0; n < SLOT_ROOTS; n++)
        table_detach(slot_table(slot, n));
    lock_release(&slot->lock, state);
    fence_all(true);
    gate_table_free(slot_table(slot, 0));
    for (uint32_t n = 1; n < SLOT_ROOTS; n++) {
        task_yield(); // long enough for callers who share this hart
        table_free(slot_table(slot, n), 0);
    }
    heap_forget_slot(slot);
    slot->pages = slot->stack_pages = 0;
    slot->heap_end = 0;
    __atomic_store_n(&slot->domain, NULL, __ATOMIC_RELEASE);
}

// ---- Mapping ----

int slot_map_page(struct slot *slot, uint64_t offset, uint64_t flags, void **page)
{
    uint64_t frame = page_alloc_zeroed(0);
    if (!frame)
        return -ENOMEM;
    int error = -E2BIG;
    interrupt_state state = lock_take(&slot->lock);
    bool stack = offset >= SLOT_STACKS && offset < SLOT_SHARED; // its callers make those, not it
    if (stack || slot->pages < domain_limits(slot->domain)->pages)
        error = pagetable_map(core_pagetable, slot->base + offset, frame, flags | LEAF_FLAGS, 0);
    if (!error && stack)
        slot->stack_pages++;
    else if (!error)
        slot->pages++;
    lock_release(&slot->lock, state);
    if (error)
        page_free(frame, 0);
    else if (page)
        *page = page_pointer(frame);
    return error;
}

int slot_map_foreign(struct slot *slot, uint64_t offset, uint64_t physical, uint64_t flags)
{
    interrupt_state state = lock_take(&slot->lock);
    int error = pagetable_map(core_pagetable, slot->base + offset, physical,
                              flags | LEAF_FLAGS | PTE_SHARED, 0);
    lock_release(&slot->lock, state);
    return error;
}

// The leaf entry for an offset, 0: nothing is mapped.
static uint64_t slot_entry(struct slot *slot, uint64_t offset)
{
    int level;
    interrupt_state state = lock_take(&slot->lock);
    const uint64_t *entry = pagetable_walk(core_pagetable, slot->base + offset, &level);
    uint64_t value = entry && (*entry & PTE_VALID) ? *entry : 0;
    lock_release(&slot->lock, state);
    return value;
}

void *slot_page(struct slot *slot, uint64_t offset)
{
    uint64_t entry = slot_entry(slot, offset);
    return entry && !(entry & PTE_SHARED) ? page_pointer(pte_physical(entry)) : NULL;
}

// A page of the heap; one that is there already was left over when memory ran out.
static int heap_page_map(struct slot *slot, uint64_t offset)
{
    if (!page_is_spare(HEAP_LEAVES))
        return -ENOMEM;
    int error = slot_map_page(slot, offset, PTE_READ | PTE_WRITE, NULL);
    if (error != -EEXIST)
        return error;
    memset(slot_page(slot, offset), 0, PAGE_SIZE);
    return 0;
}

int64_t slot_heap_grow(struct slot *slot, uint64_t bytes)
{
    uint64_t start = __atomic_load_n(&slot->heap_end, __ATOMIC_RELAXED), end;
    do {
        if (bytes > SLOT_HEAP_LIMIT - start)
            return -ENOMEM;
        end = start + ((bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1));
    } while (!__atomic_compare_exchange_n(&slot->heap_end, &start, end, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    for (uint64_t offset = start; offset < end; offset += PAGE_SIZE) {
        int error = heap_page_map(slot, offset);
        if (!error)
            continue;
        __atomic_compare_exchange_n(&slot->heap_end, &end, start, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED); // unless it has grown further meanwhile
        return error;
    }
    return (int64_t)start;
}

// Is a thread in the slot's domain at the depth that this stack is for? What others' threads write
// to their frames meanwhile changes the answer for their stacks only.
static bool stack_is_used(const struct slot *slot, uint64_t offset)
{
    uint64_t index = (offset - SLOT_STACKS) / STACK_STRIDE;
    const struct thread *thread = threads[index / STACK_DEPTHS];
    if (!thread || !thread->in_use || !thread->frames)
        return false;
    const struct frame *frame = &thread->frames[index % STACK_DEPTHS];
    return frame <= thread->top && frame->version->domain == slot->domain;
}

static int stack_touch(struct slot *slot, uint64_t offset)
{
    if (offset % STACK_STRIDE < STACK_STRIDE - STACK_MAPPED)
        return -EFAULT; // the guard below a stack
    if (!stack_is_used(slot, offset))
        return -EFAULT; // no limit counts its page, so there must be somebody on it
    if (fail_now(FAIL_STACK))
        return -ENOMEM;
    int error =
        slot_map_page(slot, offset & ~(uint64_t)(PAGE_SIZE - 1), PTE_READ | PTE_WRITE, NULL);
    if (error == -EEXIST)
        return 0; // another thread was faster
    return error ? -ENOMEM : 0;
}

static int slot_touch(struct slot *slot, uint64_t offset)
{
    if (offset >= SLOT_STACKS && offset < SLOT_SHARED)
        return stack_touch(slot, offset);
    if (offset >= SLOT_SHARED && offset < SLOT_SHARED_LIMIT)
        return heap_touch(slot, offset);
    return -EFAULT;
}

int slot_resolve(struct slot *slot, uint64_t offset, bool write)
{
    uint64_t entry = slot_entry(slot, offset);
    if (entry & (write ? PTE_WRITE : PTE_READ)) {
        fence_local(); // the hart remembered that it was not mapped
        return 0;
    }
    if (entry)
        return -EFAULT;
    // Without memory for it the instance dies. Somebody may give some back before that.
    int error = slot_touch(slot, offset);
    for (uint32_t tries = 0; error == -ENOMEM && tries < TOUCH_TRIES; tries++) {
        task_block(time_now() + TOUCH_PAUSE_NS);
        error = slot_touch(slot, offset);
    }
    return error;
}

// ---- Copying ----

// One piece within a page of the slot; pages that may appear on first touch do.
static int piece_copy(struct slot *slot, uint64_t offset, void *core, uint64_t bytes, bool write)
{
    char *memory = (char *)slot->base + offset;
    for (;;) {
        uint64_t left = write ? copy_bytes(memory, core, bytes) : copy_bytes(core, memory, bytes);
        if (!left)
            return 0;
        if (slot_resolve(slot, offset, write))
            return -EFAULT;
    }
}

// Any piece. Out of line, with what the usual one needs not.
static __attribute__((noinline)) int slot_copy_pieces(struct slot *slot, uint64_t offset,
                                                      void *core, uint64_t bytes, bool write)
{
    for (char *place = core; bytes;) {
        uint64_t piece = PAGE_SIZE - offset % PAGE_SIZE;
        if (piece > bytes)
            piece = bytes;
        if (piece_copy(slot, offset, place, piece, write))
            return -EFAULT;
        offset += piece;
        place += piece;
        bytes -= piece;
    }
    return 0;
}

static inline bool slot_copy_present(struct slot *slot, uint64_t pointer, void *core,
                                     uint64_t bytes, bool write)
{
    uint64_t offset = pointer & (SLOT_SIZE - 1);
    char *memory = (char *)slot->base + offset;
    return bytes <= SLOT_SIZE - offset &&
           !(write ? copy_bytes(memory, core, bytes) : copy_bytes(core, memory, bytes));
}

static inline int slot_copy(struct slot *slot, uint64_t pointer, void *core, uint64_t bytes,
                            bool write)
{
    uint64_t offset = pointer & (SLOT_SIZE - 1);
    if (slot_copy_present(slot, pointer, core, bytes, write))
        return 0;
    if (bytes > SLOT_SIZE - offset)
        return -EFAULT;
    return slot_copy_pieces(slot, offset, core, bytes, write); // all of it
}

bool slot_read_present(struct slot *slot, void *destination, uint64_t pointer, uint64_t bytes)
{
    return slot_copy_present(slot, pointer, destination, bytes, false);
}

bool slot_write_present(struct slot *slot, uint64_t pointer, const void *source, uint64_t bytes)
{
    return slot_copy_present(slot, pointer, (void *)(uintptr_t)source, bytes, true);
}

int slot_read(struct slot *slot, void *destination, uint64_t pointer, uint64_t bytes)
{
    return slot_copy(slot, pointer, destination, bytes, false);
}

int slot_write(struct slot *slot, uint64_t pointer, const void *source, uint64_t bytes)
{
    return slot_copy(slot, pointer, (void *)(uintptr_t)source, bytes, true);
}
