// SPDX-License-Identifier: MIT
// Every core entry with arguments that no honest domain would give.
#include "../attack.h"
#include "domain.h"
#include "domainlib/gate_call.h"
#include "kernel/abi/layout.h"

#define CALLS_RANDOM 4000

static uint8_t own_memory[8192] __attribute__((aligned(4096)));
static rref_t own_rref;

static rref_t rref_make(void)
{
    int64_t rref = core_rref_alloc(4096, 0);
    return rref > 0 ? (rref_t)rref : 0;
}

// An RRef full of the mark: what the core writes wherever it can be told to. A trap's frame may
// hold some words of it, so witness.py looks for more of it in a row here.
static rref_t rref_make_marked(void)
{
    rref_t rref = rref_make();
    for (uint64_t i = 1; rref && i < 4088; i += 8)
        attack_store(rref + i);
    return rref;
}

// Word NUMBER of the gate page, entered with five arguments. Not ABORT and RETURN, which come back
// to nobody.
static int64_t entry_call(uint32_t number, const uint64_t a[5])
{
#define ENTRY_CASE(number, name)                                                                   \
    case number:                                                                                   \
        return core_call5((enum core_entry)(number), a[0], a[1], a[2], a[3], a[4]);
    switch (number) {
        CORE_ENTRIES(ENTRY_CASE)
        ENTRY_CASE(CORE_ENTRY_CALL, call)
    }
    return 0;
}

static const uint8_t numbers[] = {
#define ENTRY_NUMBER(number, name) number,
    CORE_ENTRIES(ENTRY_NUMBER)};

// Values at which checks go wrong.
static uint64_t argument_odd(uint64_t which, rref_t lent)
{
    const uint64_t values[] = {
        0,
        1,
        2,
        3,
        7,
        8,
        31,
        32,
        127,
        128,
        4095,
        4096,
        65535,
        65536,
        INT32_MAX,
        1ull << 31,
        UINT32_MAX,
        1ull << 32,
        (1ull << 32) + 1,
        (1ull << 32) - 8,
        INT64_MAX,
        1ull << 63,
        UINT64_MAX,
        UINT64_MAX - 7,
        0xFFFFFFC000000000,
        0xFFFFFFFF80000000,
        SLOT_TEXT,
        SLOT_STACKS,
        SLOT_SHARED,
        SLOT_SHARED_LIMIT - 8,
        SLOT_HEAP_LIMIT,
        (uintptr_t)own_memory,
        (uintptr_t)own_memory + 8185,
        lent,
        lent ^ 1ull << 48,
        lent ^ 1ull << 32,
        lent | 1ull << 63,
        lent + 1,
        own_rref,
        own_rref + 4096,
        own_rref ^ 3ull << 50,
    };
    return values[which % (sizeof values / sizeof *values)];
}

static uint64_t argument_random(uint64_t *seed, rref_t lent)
{
    uint64_t roll = attack_random(seed);
    switch (roll % 4) {
    case 0:
        return roll >> 3;
    case 1:
        return roll >> 3 & 255;
    default:
        return argument_odd(roll >> 3, lent);
    }
}

// Waiting is left to the end of time only where that is what is tried.
static void arguments_tame(uint32_t number, uint64_t a[5])
{
    if (number == ENTRY_wait)
        a[2] = 0;
}

static int64_t entries_with_random_arguments(rref_t lent, uint64_t number)
{
    uint64_t seed = number * 1000003, a[5];
    own_rref = rref_make();
    for (uint32_t i = 0; i < CALLS_RANDOM; i++) {
        uint32_t entry = numbers[attack_random(&seed) % sizeof numbers];
        for (uint32_t k = 0; k < 5; k++)
            a[k] = argument_random(&seed, lent);
        arguments_tame(entry, a);
        entry_call(entry, a);
    }
    return 0;
}

static int64_t entries_with_one_value(rref_t lent, uint64_t number)
{
    (void)number;
    own_rref = rref_make();
    for (uint64_t which = 0; which < 41; which++) {
        for (uint32_t i = 0; i < sizeof numbers; i++) {
            uint64_t value = argument_odd(which, lent);
            uint64_t a[5] = {value, value, value, value, value};
            arguments_tame(numbers[i], a);
            entry_call(numbers[i], a);
        }
    }
    return 0;
}

// The pointers of entries that write into the slot, where the slot must not be written.
static int64_t entries_write_to(uint64_t place)
{
    uint64_t before = *(volatile uint64_t *)place;
    core_rref_read(own_rref, 1, (void *)place, 128);
    core_system_info((struct system_info *)place);
    core_command_line((char *)place, 64);
    core_completion_reap((handle_t)core_event_create(), (struct completion *)place, 16);
    return *(volatile uint64_t *)place == before ? 0 : (int64_t)place;
}

static int64_t entries_write_to_text(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    own_rref = rref_make_marked();
    return entries_write_to(SLOT_TEXT);
}

static int64_t entries_write_to_the_gate_page(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    own_rref = rref_make_marked();
    return entries_write_to(8);
}

static int64_t entries_write_to_constants(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    own_rref = rref_make_marked();
    return entries_write_to((uintptr_t)numbers & ~7ull);
}

// Each bit of an address and each odd value: the core takes the low half, and finds only the own
// slot.
static int64_t entries_write_wherever(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    rref_t marked = rref_make_marked();
    for (uint64_t bit = 0; bit < 64; bit++) {
        core_rref_read(marked, 1, (void *)(1ull << bit), 128);
        core_rref_read(marked, 1, (void *)~(1ull << bit), 128);
        core_rref_read(marked, 1, (void *)(UINT64_MAX << bit), 4000);
    }
    for (uint64_t which = 0; which < 41; which++) {
        uint64_t target = argument_odd(which, 0); // what is lent to it, it may write
        core_rref_read(marked, 1, (void *)target, 128);
    }
    return core_rref_free(marked);
}

// Every 64 KiB of the slot, most of which is not mapped, is not to be written, or is others'.
static int64_t entries_write_through_the_slot(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    rref_t marked = rref_make_marked();
    uint64_t own = core_pointer(own_memory) & ~0xFFFFull;
    for (uint64_t place = 0; place < SLOT_SIZE; place += 65536) {
        if (place != own)
            core_rref_read(marked, 1, (void *)(place | attack_random(&number) << 32), 128);
    }
    return core_rref_free(marked);
}

static int64_t entries_read_past_the_slot(rref_t lent, uint64_t number)
{
    (void)number;
    for (uint64_t place = 0xFFFFF000 - 8; place < 1ull << 32; place += 1000) {
        if (core_rref_write(lent, 0, (void *)place, 1 << 20) >= 0 ||
            core_log((const char *)place, 4096) >= 0)
            return (int64_t)place;
    }
    return 0;
}

static int64_t calls_of_every_handle_and_method(rref_t lent, uint64_t number)
{
    uint64_t seed = number;
    for (uint32_t i = 0; i < CALLS_RANDOM; i++) {
        uint64_t arguments[8];
        for (uint32_t k = 0; k < 8; k++)
            arguments[k] = argument_random(&seed, lent);
        uint64_t handle = argument_random(&seed, lent), method = argument_random(&seed, lent);
        if ((handle_t)handle != HANDLE_NULL)
            gate_call_saving((handle_t)handle, method, arguments);
    }
    return 0;
}

// What only holders of a capability may.
static int64_t capabilities_that_it_has_not(rref_t lent, uint64_t number)
{
    struct control_command command = {.operation = CONTROL_STOP, .flags = 1, .service = "posix"};
    struct user_registers registers = {.pc = 0x10000};
    (void)lent, (void)number;
    for (uint64_t handle = 0; handle < 300; handle++) {
        core_call2(ENTRY_power_off, handle, 99);
        core_call2(ENTRY_control_command, handle, core_pointer(&command));
        core_call1(ENTRY_initrd_map, handle);
        core_call4(ENTRY_log_read, handle, 0, core_pointer(own_memory), 64);
        core_call4(ENTRY_mmio_write, handle, 0, 4, 0xFFFFFFFF);
        core_call1(ENTRY_virtio_stop, handle);
        core_call1(ENTRY_space_create, handle);
        core_call1(ENTRY_user_kick, handle);
    }
    int64_t wrote = core_call2(ENTRY_user_registers, core_pointer(&registers), 1);
    int64_t read = core_call2(ENTRY_user_registers, core_pointer(&registers), 0);
    int64_t ended = core_call0(ENTRY_user_exit);
    return wrote >= 0 || read >= 0 || ended >= 0;
}

const uint32_t attack_mark = 0x656E7400;
const struct attack attacks[] = {
    LIVES(capabilities_that_it_has_not),
    ATTACK(entries_with_one_value),
    LIVES(entries_write_to_text),
    LIVES(entries_write_to_the_gate_page),
    LIVES(entries_write_to_constants),
    LIVES(entries_write_wherever),
    LIVES(entries_write_through_the_slot),
    LIVES(entries_read_past_the_slot),
    REPEAT(calls_of_every_handle_and_method, 4),
    REPEAT(entries_with_random_arguments, 16),
};
const uint32_t attack_count = sizeof attacks / sizeof *attacks;
