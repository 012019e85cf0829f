// SPDX-License-Identifier: MIT
#include "machine.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/abi/error.h"
#include "kernel/event.h"
#include "kernel/heap.h"
#include "kernel/log.h"
#include "kernel/rref.h"
#include "kernel/space.h"
#include "microcore/copy.h"
#include "microcore/fail.h"
#include "microcore/page.h"
#include "microcore/pagetable.h"

#define HEAP_PAGES 0x40000

static struct domain domains_fake[MACHINE_SLOTS];
static struct slot slots_fake[MACHINE_SLOTS];
static struct image image_fake;
static struct proxy proxies_fake[MACHINE_SLOTS];
static uint8_t mapped[MACHINE_SLOTS][HEAP_PAGES]; // 1: a page, 2: first page of a 2 MiB block
static uint64_t pages_used, pages_limit, fences;
static uint64_t root_fake[512];
pagetable_t core_pagetable = root_fake;

void machine_reset(void)
{
    memset(mapped, 0, sizeof(mapped));
    pages_limit = UINT64_MAX;
    image_fake.header.limits = (struct domain_limits){.rrefs = 60000, .shared_pages = HEAP_PAGES};
    for (uint32_t n = 0; n < MACHINE_SLOTS; n++) {
        slots_fake[n] = (struct slot){.index = n, .base = SLOT_AREA + n * SLOT_SIZE};
        slots_fake[n].domain = &domains_fake[n];
        memset(&domains_fake[n], 0, sizeof(domains_fake[n]));
        domains_fake[n].id = n + 1;
        domains_fake[n].image = &image_fake;
        domains_fake[n].slot = &slots_fake[n];
        domains_fake[n].slot_bit = 1ull << n;
        domains_fake[n].ledger_limit = ledger_limit(60000, HEAP_PAGES);
        domains_fake[n].proxy = &proxies_fake[n];
        strcpy(proxies_fake[n].name, "store");
    }
}

struct domain *machine_domain(uint32_t n)
{
    return &domains_fake[n];
}

uint64_t machine_pages_used(void)
{
    return pages_used;
}

uint64_t machine_fences(void)
{
    return fences;
}

void machine_pages_limit(uint64_t limit)
{
    pages_limit = limit;
}

static uint64_t page_of(uint64_t offset)
{
    return (offset - SLOT_SHARED) / PAGE_SIZE;
}

bool machine_maps(uint32_t n, uint64_t offset)
{
    uint64_t page = page_of(offset);
    return mapped[n][page] || mapped[n][page & ~511ull] == 2;
}

bool machine_touch(uint32_t n, uint64_t offset)
{
    return machine_maps(n, offset) || !heap_touch(&slots_fake[n], offset);
}

// ---- Locks ----

void lock_init(struct lock *lock, enum lock_rank rank, const char *name)
{
    *lock = (struct lock)LOCK_INIT(rank, name);
}

interrupt_state lock_take(struct lock *lock)
{
    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
        sched_yield();
    return 0;
}

void lock_release(struct lock *lock, interrupt_state state)
{
    (void)state;
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

interrupt_state interrupts_hold(void)
{
    return 0;
}

void interrupts_let(interrupt_state state)
{
    (void)state;
}

// ---- Memory: a frame's "physical address" is its address here ----

uint64_t page_alloc(unsigned order)
{
    uint64_t count = 1ull << order;
    if (__atomic_add_fetch(&pages_used, count, __ATOMIC_RELAXED) > pages_limit) {
        __atomic_sub_fetch(&pages_used, count, __ATOMIC_RELAXED);
        return 0;
    }
    void *page = aligned_alloc(PAGE_SIZE * count, PAGE_SIZE * count);
    memset(page, 0xA5, PAGE_SIZE * count);
    return (uint64_t)page;
}

bool page_is_spare(size_t parts)
{
    (void)parts;
    return true; // memory ends where a test says, not before
}

uint64_t page_alloc_zeroed(unsigned order)
{
    uint64_t page = page_alloc(order);
    if (page)
        memset((void *)page, 0, PAGE_SIZE << order);
    return page;
}

void page_free(uint64_t physical, unsigned order)
{
    __atomic_sub_fetch(&pages_used, 1ull << order, __ATOMIC_RELAXED);
    free((void *)physical);
}

void *page_pointer(uint64_t physical)
{
    return (void *)physical;
}

void page_keep(ptrdiff_t count)
{
    (void)count;
}

void *core_alloc_kept(size_t bytes)
{
    return core_alloc(bytes);
}

void *core_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

void core_free(void *pointer, size_t bytes)
{
    memset(pointer, 0x5A, bytes);
    free(pointer);
}

// ---- Page tables of the slots' shared heaps ----

static uint8_t *mapping(uint64_t address, uint32_t *n)
{
    *n = (uint32_t)((address - SLOT_AREA) / SLOT_SIZE);
    return &mapped[*n][page_of(address & (SLOT_SIZE - 1))];
}

int pagetable_map(pagetable_t root, uint64_t address, uint64_t physical, uint64_t flags, int level)
{
    uint32_t n;
    (void)root, (void)physical, (void)flags;
    uint8_t *page = mapping(address, &n);
    if (*page)
        return -EEXIST;
    *page = (uint8_t)(level + 1);
    return 0;
}

uint64_t *pagetable_walk(pagetable_t root, uint64_t address, int *level)
{
    static uint64_t entry;
    uint32_t n;
    (void)root;
    uint8_t *page = mapping(address, &n);
    *level = *page == 2 ? 1 : 0;
    return &entry;
}

uint64_t pagetable_unmap(pagetable_t root, uint64_t address)
{
    uint32_t n;
    (void)root;
    uint8_t *page = mapping(address, &n);
    uint64_t old = *page;
    *page = 0;
    return old;
}

void fence_all(bool instructions)
{
    (void)instructions;
    __atomic_add_fetch(&fences, 1, __ATOMIC_RELAXED);
}

// ---- The rest of the kernel ----

struct slot *slot_at(uint32_t index)
{
    return &slots_fake[index];
}

int slot_read(struct slot *slot, void *destination, uint64_t pointer, uint64_t bytes)
{
    (void)slot;
    memcpy(destination, (const void *)pointer, bytes);
    return 0;
}

int slot_write(struct slot *slot, uint64_t pointer, const void *source, uint64_t bytes)
{
    (void)slot;
    memcpy((void *)pointer, source, bytes);
    return 0;
}

bool slot_read_present(struct slot *slot, void *destination, uint64_t pointer, uint64_t bytes)
{
    return !slot_read(slot, destination, pointer, bytes);
}

bool slot_write_present(struct slot *slot, uint64_t pointer, const void *source, uint64_t bytes)
{
    return !slot_write(slot, pointer, source, bytes);
}

uint32_t fail_armed;

bool fail_count(void)
{
    return false;
}

void object_get(struct object *object)
{
    object->users++;
}

void object_put(struct object *object)
{
    object->users--;
}

uint64_t event_signal(struct event *event)
{
    return ++event->count;
}

void log_line(enum log_level level, const char *subsystem, const char *format, ...)
{
    (void)level, (void)subsystem, (void)format;
}

void string_copy(char *destination, const char *source, size_t size)
{
    memset(destination, 0, size);
    strncpy(destination, source, size - 1);
}
