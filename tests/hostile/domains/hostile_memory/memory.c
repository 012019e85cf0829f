// SPDX-License-Identifier: MIT
// Loads and stores wherever 64 bits can point: what is hit is the own slot or nothing.
#include "../attack.h"
#include "domain.h"
#include "kernel/abi/layout.h"

#define HALVES 4096

// Moves sp to ADDRESS and stores or loads at the farthest offset that an instruction has; sp.S.
void sp_store_below(uint64_t address, uint32_t first, uint32_t second);
void sp_store_above(uint64_t address, uint32_t first, uint32_t second);
uint64_t sp_load_below(uint64_t address);
uint64_t sp_load_above(uint64_t address);
void sp_walk(int64_t step, uint32_t first, uint32_t second);

static volatile uint64_t target;
static const uint64_t constant[2] = {7, 8};

// Every upper half leads to the own variable, and nowhere else.
static int64_t store_through_all_halves(rref_t lent, uint64_t number)
{
    uint64_t seed = number;
    (void)lent;
    for (uint64_t i = 0; i < HALVES; i++) {
        uint64_t half = i < 64 ? 1ull << i : attack_random(&seed);
        uint64_t address = (uint32_t)(uintptr_t)&target | half << 32;
        attack_store(address);
        if (!attack_is_stored(&target))
            return (int64_t)address;
        target = i;
    }
    return 0;
}

static int64_t load_through_all_halves(rref_t lent, uint64_t number)
{
    uint64_t seed = number;
    (void)lent;
    target = 0x5EED;
    for (uint64_t i = 0; i < HALVES; i++) {
        uint64_t address = (uint32_t)(uintptr_t)&target | attack_random(&seed) << 32;
        if (*(volatile uint64_t *)address != 0x5EED)
            return (int64_t)address;
    }
    return 0;
}

static int64_t atomic_through_all_halves(rref_t lent, uint64_t number)
{
    uint64_t seed = number;
    (void)lent;
    target = 0;
    for (uint64_t i = 0; i < HALVES; i++) {
        uint64_t address = (uint32_t)(uintptr_t)&target | attack_random(&seed) << 32;
        __atomic_fetch_add((uint64_t *)address, 1, __ATOMIC_RELAXED);
    }
    return target == HALVES ? 0 : (int64_t)target;
}

// A store that must end the instance. One that does not has hit something.
static int64_t store_to(uint64_t address)
{
    attack_store(attack_hidden(address));
    return (int64_t)(address | 1);
}

static int64_t load_from(uint64_t address)
{
    return (int64_t)(*(volatile uint64_t *)attack_hidden(address) | 1);
}

#define STORE(name, address)                                                                       \
    static int64_t store_##name(rref_t lent, uint64_t number)                                      \
    {                                                                                              \
        (void)lent, (void)number;                                                                  \
        return store_to(address);                                                                  \
    }
#define LOAD(name, address)                                                                        \
    static int64_t load_##name(rref_t lent, uint64_t number)                                       \
    {                                                                                              \
        (void)lent, (void)number;                                                                  \
        return load_from(address);                                                                 \
    }

STORE(gate_page, 8)
STORE(gate_page_end, 0xFF8)
STORE(below_text, 0x5000)
STORE(text, SLOT_TEXT)
STORE(own_code, (uintptr_t)store_to)
STORE(constants, (uintptr_t)constant)
STORE(behind_heap, SLOT_HEAP_LIMIT - 8)
STORE(initrd, SLOT_INITRD)
STORE(stack_guard, (uintptr_t)__builtin_frame_address(0) & ~0xFFFFull)
STORE(first_stack, SLOT_STACKS + STACK_STRIDE - 8)
STORE(last_stack, SLOT_SHARED - 8)
STORE(foreign_rref, 0xD0000000)
STORE(first_foreign_page, SLOT_SHARED)
STORE(last_page, 0xFFFFFFF8)
STORE(core_image, 0xFFFFFFFF80000000)
STORE(direct_map, 0xFFFFFFC000000000)
STORE(null_pointer, 0)
LOAD(below_text, 0x5000)
LOAD(stack_guard, (uintptr_t)__builtin_frame_address(0) & ~0xFFFFull)
LOAD(first_stack, SLOT_STACKS + STACK_STRIDE - 8)
LOAD(foreign_rref, 0xD0000000)
LOAD(first_foreign_page, SLOT_SHARED)
LOAD(last_page, 0xFFFFFFF8)
LOAD(initrd, SLOT_INITRD)

#define MARK attack_mark | attack_running, ATTACK_MARK_END
#define STACK_POINTER(name, action)                                                                \
    static int64_t sp_##name(rref_t lent, uint64_t number)                                         \
    {                                                                                              \
        (void)lent, (void)number;                                                                  \
        action;                                                                                    \
        return 1;                                                                                  \
    }
STACK_POINTER(stores_below_the_slot, sp_store_below(0, MARK))
STACK_POINTER(stores_above_the_slot, sp_store_above(0xFFFFFFFF, MARK))
STACK_POINTER(loads_below_the_slot, sp_load_below(0))
STACK_POINTER(walks_down, sp_walk(-4096, MARK))
STACK_POINTER(walks_up, sp_walk(4096, MARK))
STACK_POINTER(leaps_through_the_slot, sp_walk(0x12345678, MARK))

// The gate page of the slot above may be read, as the own may.
static int64_t sp_loads_the_next_gate_page(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    uint64_t word = sp_load_above(0xFFFFFFF9);
    return word == *(volatile uint64_t *)attack_hidden(0) ? 0 : (int64_t)(word | 1);
}

// Stacks that no thread of this domain is on: each would take a page that nobody pays for.
static int64_t store_to_all_stacks(rref_t lent, uint64_t number)
{
    struct system_info before, after;
    (void)lent, (void)number;
    core_system_info(&before);
    uint64_t own = (uint32_t)(uintptr_t)&before;
    for (uint64_t stack = 1; stack < 256; stack++)
        *(volatile char *)((own + stack * STACK_STRIDE) & 0xBFFFFFFF) = 1;
    core_system_info(&after);
    return before.free_pages > after.free_pages + 64
               ? (int64_t)(before.free_pages - after.free_pages)
               : 0;
}

// The core's own memcpy and memset within the slot.
#define LEAF(name, call)                                                                           \
    static int64_t leaf_##name(rref_t lent, uint64_t number)                                       \
    {                                                                                              \
        (void)lent, (void)number;                                                                  \
        call;                                                                                      \
        return 1;                                                                                  \
    }
static uint64_t mark_make(void)
{
    static uint8_t marked[65];
    for (uint32_t i = 1; i < sizeof marked; i += 8)
        attack_store((uintptr_t)&marked[i]);
    return (uintptr_t)&marked[1];
}
static void leaf_copy(uint64_t to, uint64_t from, uint64_t bytes)
{
    core_call3((enum core_entry)CORE_ENTRY_COPY, to, from, bytes);
}
static void leaf_fill(uint64_t to, uint64_t bytes)
{
    core_call3((enum core_entry)CORE_ENTRY_FILL, to, 0x5A,
               bytes); // witness.py looks for 64 of these
}
LEAF(copy_to_gate_page, leaf_copy(0, mark_make(), 8))
LEAF(copy_to_text, leaf_copy(SLOT_TEXT, mark_make(), 8))
LEAF(copy_past_the_slot, leaf_copy(0xFFFFFFF0, mark_make(), 64))
LEAF(copy_from_past_the_slot, leaf_copy((uintptr_t)&target, 0xFFFFFFFC, 8))
LEAF(copy_4_gib, leaf_copy((uintptr_t)&target, (uintptr_t)&target, 1ull << 32))
LEAF(copy_all, leaf_copy((uintptr_t)&target, (uintptr_t)&target + 8, UINT64_MAX))
LEAF(fill_gate_page, leaf_fill(0, 4096))
LEAF(fill_text, leaf_fill(SLOT_TEXT, 64))
LEAF(fill_past_the_slot, leaf_fill(0xFFFFF000, 8192))
LEAF(fill_all, leaf_fill(0, UINT64_MAX))
LEAF(fill_from_data_on, leaf_fill((uintptr_t)&target, 0x10000000))

// One attack for each bit of an address from 12 on: a store where only this bit is set.
static int64_t store_to_bit(rref_t lent, uint64_t number)
{
    (void)lent;
    uint64_t address = 1ull << (12 + number);
    bool own = address == (address & (uintptr_t)&target) || address == SLOT_STACKS;
    attack_store(own ? address | 1ull << 40 : address);
    return own ? 0 : (int64_t)address;
}

const uint32_t attack_mark = 0x6D656D00;
const struct attack attacks[] = {
    LIVES(store_through_all_halves),
    LIVES(load_through_all_halves),
    LIVES(atomic_through_all_halves),
    ATTACK(store_to_all_stacks),
    ATTACK(store_gate_page),
    ATTACK(store_gate_page_end),
    ATTACK(store_below_text),
    ATTACK(store_text),
    ATTACK(store_own_code),
    ATTACK(store_constants),
    ATTACK(store_behind_heap),
    ATTACK(store_initrd),
    ATTACK(store_stack_guard),
    ATTACK(store_first_stack),
    ATTACK(store_last_stack),
    ATTACK(store_foreign_rref),
    ATTACK(store_first_foreign_page),
    ATTACK(store_last_page),
    ATTACK(store_core_image),
    ATTACK(store_direct_map),
    ATTACK(store_null_pointer),
    ATTACK(load_below_text),
    ATTACK(load_stack_guard),
    ATTACK(load_first_stack),
    ATTACK(load_foreign_rref),
    ATTACK(load_first_foreign_page),
    ATTACK(load_last_page),
    ATTACK(load_initrd),
    ATTACK(sp_stores_below_the_slot),
    ATTACK(sp_stores_above_the_slot),
    ATTACK(sp_loads_below_the_slot),
    ATTACK(sp_walks_down),
    ATTACK(sp_walks_up),
    ATTACK(sp_leaps_through_the_slot),
    LIVES(sp_loads_the_next_gate_page),
    ATTACK(leaf_copy_to_gate_page),
    ATTACK(leaf_copy_to_text),
    ATTACK(leaf_copy_past_the_slot),
    ATTACK(leaf_copy_from_past_the_slot),
    ATTACK(leaf_copy_4_gib),
    ATTACK(leaf_copy_all),
    ATTACK(leaf_fill_gate_page),
    ATTACK(leaf_fill_text),
    ATTACK(leaf_fill_past_the_slot),
    ATTACK(leaf_fill_all),
    ATTACK(leaf_fill_from_data_on),
    REPEAT(store_to_bit, 20), // bits 12 to 31 of the address
};
const uint32_t attack_count = sizeof attacks / sizeof *attacks;
