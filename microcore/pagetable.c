// SPDX-License-Identifier: MIT
#include "microcore/pagetable.h"
#include "kernel/abi/error.h"
#include "microcore/boot.h"
#include "microcore/csr.h"
#include "microcore/devicetree.h"
#include "microcore/hart.h"
#include "microcore/layout.h"
#include "microcore/page.h"
#include "microcore/panic.h"
#include "microcore/string.h"
#include "microcore/task.h"

#define ENTRIES    512
#define ROOT_LEVEL 2
#define UPPER_HALF 256 // first root entry of the core
#define LEAF_BITS  (PTE_READ | PTE_WRITE | PTE_EXECUTE)

pagetable_t core_pagetable;
uint64_t core_satp;

static uint64_t level_size(int level)
{
    return (uint64_t)PAGE_SIZE << 9 * level;
}

static unsigned entry_index(uint64_t address, int level)
{
    return address >> (PAGE_SHIFT + 9 * level) & (ENTRIES - 1);
}

static bool entry_is_table(uint64_t entry)
{
    return (entry & (PTE_VALID | LEAF_BITS)) == PTE_VALID;
}

static uint64_t *entry_table(uint64_t entry)
{
    return page_pointer(pte_physical(entry));
}

static uint64_t entry_make(uint64_t physical, uint64_t flags)
{
    return physical >> PAGE_SHIFT << 10 | flags;
}

static uint64_t *table_create(uint64_t *entry)
{
    uint64_t physical = page_alloc_zeroed(0);
    if (!physical)
        return NULL;
    page_keep(1); // how many tables there are depends on where things lie
    __atomic_store_n(entry, entry_make(physical, PTE_VALID), __ATOMIC_RELEASE);
    return page_pointer(physical);
}

int pagetable_map(pagetable_t root, uint64_t address, uint64_t physical, uint64_t flags, int level)
{
    uint64_t *table = root;
    for (int at = ROOT_LEVEL; at > level; at--) {
        uint64_t *entry = &table[entry_index(address, at)];
        if (entry_is_table(*entry))
            table = entry_table(*entry);
        else if (*entry & PTE_VALID)
            return -EEXIST;
        else if (!(table = table_create(entry)))
            return -ENOMEM;
    }
    uint64_t *entry = &table[entry_index(address, level)];
    if (*entry & PTE_VALID)
        return -EEXIST;
    if ((int64_t)address < 0)
        flags |= PTE_GLOBAL;
    flags |= PTE_VALID | PTE_ACCESSED | PTE_DIRTY;
    __atomic_store_n(entry, entry_make(physical, flags), __ATOMIC_RELEASE);
    return 0;
}

uint64_t *pagetable_walk(pagetable_t root, uint64_t address, int *level)
{
    uint64_t *table = root;
    for (int at = ROOT_LEVEL;; at--) {
        uint64_t *entry = &table[entry_index(address, at)];
        if (at == 0 || entry_is_table(*entry) == false) {
            *level = at;
            return at == 0 || *entry & PTE_VALID ? entry : NULL;
        }
        table = entry_table(*entry);
    }
}

uint64_t pagetable_unmap(pagetable_t root, uint64_t address)
{
    int level;
    uint64_t *entry = pagetable_walk(root, address, &level);
    return entry ? __atomic_exchange_n(entry, 0, __ATOMIC_RELAXED) : 0;
}

// All its leaves are clear, and the entries of its tables once these are freed.
static void table_free(uint64_t *entry, int level)
{
    uint64_t *each = entry_table(*entry), *end = each + ENTRIES;
    for (; level > 0 && (each = pte_next(each, end)) < end; each++)
        if (entry_is_table(*each))
            table_free(each, level - 1);
    page_free_zeroed(pte_physical(*entry));
    page_keep(-1);
    *entry = 0;
}

pagetable_t pagetable_create(void)
{
    uint64_t physical = page_alloc(0);
    if (!physical)
        return NULL;
    pagetable_t root = page_pointer(physical);
    memset(root, 0, UPPER_HALF * sizeof(*root));
    memcpy(root + UPPER_HALF, core_pagetable + UPPER_HALF, UPPER_HALF * sizeof(*root));
    return root;
}

void pagetable_destroy(pagetable_t root)
{
    hart_leave_satp(pagetable_satp(root));
    uint64_t *each = root, *end = root + UPPER_HALF;
    for (; (each = pte_next(each, end)) < end; each++)
        if (entry_is_table(*each))
            table_free(each, ROOT_LEVEL - 1);
    page_free(page_physical(root), 0);
}

uint64_t pagetable_satp(pagetable_t root)
{
    return SATP_SV39 | page_physical(root) >> PAGE_SHIFT;
}

void fence_local(void)
{
    __asm__ volatile("sfence.vma" ::: "memory");
}

void fence_all(bool instructions)
{
    hart_fence(UINT64_MAX, instructions);
}

// ---- The core's own tables ----

// Maps with the largest pages that fit.
static void core_map(uint64_t address, uint64_t physical, uint64_t bytes, uint64_t flags)
{
    while (bytes) {
        int level = ROOT_LEVEL;
        while (level &&
               ((address | physical) & (level_size(level) - 1) || bytes < level_size(level)))
            level--;
        if (pagetable_map(core_pagetable, address, physical, flags, level))
            panic("boot: no memory for the page tables");
        address += level_size(level);
        physical += level_size(level);
        bytes -= level_size(level);
    }
}

static void image_map(const char *start, const char *end, uint64_t flags)
{
    core_map((uint64_t)start, image_physical(start), (uint64_t)(end - start), flags);
}

// Each stack has an unmapped page below it, so that an overflow faults.
static void stacks_map(void)
{
    const char *guard = core_stacks_start;
    for (uint32_t index = 0; index <= HARTS_MAX; index++) {
        const char *end = index < HARTS_MAX ? guard + IDLE_STACK + PAGE_SIZE : core_end;
        image_map(guard + PAGE_SIZE, end, PTE_READ | PTE_WRITE);
        guard = end;
    }
}

// RAM from the end of the image on: text is writable nowhere, and the firmware's part would fault.
static void direct_map(void)
{
    uint64_t start = image_physical(core_end);
    core_map(DIRECT_MAP + start, start, machine.memory_end - start, PTE_READ | PTE_WRITE);
}

static void mmio_map(uint64_t physical, uint64_t bytes)
{
    uint64_t block = level_size(ROOT_LEVEL);
    for (uint64_t at = physical & -block; at < physical + bytes && at < MMIO_WINDOW_SIZE;
         at += block) {
        uint64_t *entry = &core_pagetable[entry_index(MMIO_WINDOW + at, ROOT_LEVEL)];
        bool is_memory = at < machine.memory_end && at + block > machine.memory_start;
        if (!(*entry & PTE_VALID) && !is_memory)
            core_map(MMIO_WINDOW + at, at, block, PTE_READ | PTE_WRITE);
    }
}

static void devices_map(void)
{
    mmio_map(machine.plic_address, machine.plic_size);
    if (machine.test_address)
        mmio_map(machine.test_address, PAGE_SIZE);
    for (uint32_t i = 0; i < machine.device_count; i++)
        mmio_map(machine.devices[i].address, machine.devices[i].size);
}

// All root entries of slots and threads exist from now on: no process's root is ever updated.
static void root_fill(void)
{
    for (unsigned i = entry_index(SLOT_AREA, ROOT_LEVEL); i < ENTRIES; i++)
        if (!(core_pagetable[i] & PTE_VALID) && !table_create(&core_pagetable[i]))
            panic("boot: no memory for the page tables");
}

void pagetable_init(void)
{
    core_pagetable = page_pointer(page_alloc_zeroed(0));
    image_map(core_text_start, core_rodata_start, PTE_READ | PTE_EXECUTE);
    image_map(core_rodata_start, core_data_start, PTE_READ);
    image_map(core_data_start, core_stacks_start, PTE_READ | PTE_WRITE);
    stacks_map();
    direct_map();
    devices_map();
    root_fill();
    core_satp = pagetable_satp(core_pagetable);
    hart_set_satp(hart_current(), core_satp);
    fence_local();
}
