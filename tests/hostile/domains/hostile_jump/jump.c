// SPDX-License-Identifier: MIT
// Jumps to wherever: only verified text of the own slot runs, or a core entry from its beginning.
#include "../attack.h"
#include "domain.h"
#include "kernel/abi/layout.h"

extern const char gate_words[]; // words.S: 8 bytes of code for each word, which enter what is there

#define RETURN_INSTRUCTION 0x00008067 // jalr zero, 0(ra)

static volatile uint32_t code[4] = {RETURN_INSTRUCTION, RETURN_INSTRUCTION};
static const uint32_t constant_code[4] = {RETURN_INSTRUCTION, RETURN_INSTRUCTION};

// Comes back only if what is there is an instruction that returned: nothing but text is.
static int64_t jump_to(uint64_t address)
{
    ((void (*)(void))attack_hidden(address))();
    return (int64_t)(address | 1);
}

#define JUMP(name, address)                                                                        \
    static int64_t jump_##name(rref_t lent, uint64_t number)                                       \
    {                                                                                              \
        (void)lent, (void)number;                                                                  \
        return jump_to(address);                                                                   \
    }

JUMP(gate_page, 0)
JUMP(gate_word_return, 8 * CORE_ENTRY_RETURN)
JUMP(gate_page_end, 0xFFC)
JUMP(unmapped, 0x5000)
JUMP(constants, (uintptr_t)constant_code)
JUMP(data, (uintptr_t)code)
JUMP(heap_limit, SLOT_HEAP_LIMIT)
JUMP(initrd, SLOT_INITRD)
JUMP(stacks, SLOT_STACKS)
JUMP(shared_heap, SLOT_SHARED)
JUMP(last_page, 0xFFFFF000)
JUMP(last_word, 0xFFFFFFFC)
JUMP(odd, (uintptr_t)code | 1)
JUMP(half_word, (uintptr_t)code | 2)
JUMP(core_image, 0xFFFFFFFF80000000)
JUMP(core_entry_as_address, *(volatile uint64_t *)attack_hidden(8 * CORE_ENTRY_RETURN))
JUMP(direct_map, 0xFFFFFFC000000000)
JUMP(mmio, 0xFFFFFFC400000000)
JUMP(thread_area, 0xFFFFFFFF10000000)
JUMP(user_text, 0x3FFF005000)
JUMP(end_of_text_padding, ((uintptr_t)constant_code & ~0xFFFull) - 4)

static int64_t jump_own_stack(rref_t lent, uint64_t number)
{
    volatile uint32_t stack_code[4] = {RETURN_INSTRUCTION};
    (void)lent, (void)number;
    return jump_to((uintptr_t)stack_code);
}

static int64_t jump_own_rref(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    int64_t rref = core_rref_alloc(4096, 0);
    *(volatile uint32_t *)(uintptr_t)rref = RETURN_INSTRUCTION;
    return jump_to((uint64_t)rref);
}

static int64_t jump_lent_rref(rref_t lent, uint64_t number)
{
    const uint32_t word = RETURN_INSTRUCTION;
    (void)number;
    core_rref_write(lent, 0, &word, 1);
    return jump_to(lent);
}

// The return stub from a nested function, sp and callee-saved registers in disorder: the gate goes
// by its own frame.
static int64_t return_with_wild_registers(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    __asm__ volatile("li s0, -1\n\tli s1, -1\n\tmv sp, zero\n\tli a0, 0\n\tli a1, 0x7FFFFFFF\n\t"
                     "ld s9, %[word](gp)\n\tjr s9"
                     :
                     : [word] "i"(8 * CORE_ENTRY_RETURN)
                     : "memory");
    __builtin_unreachable();
}

static int64_t return_with_wild_status(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    __asm__ volatile("li a0, -9999\n\tli a1, -1\n\tld s9, %[word](gp)\n\tjalr ra, 0(s9)"
                     :
                     : [word] "i"(8 * CORE_ENTRY_RETURN)
                     : "memory");
    __builtin_unreachable();
}

static int64_t abort_with_wild_stack(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    __asm__ volatile("li t2, 64\n\tmv sp, t2\n\tld s9, %[word](gp)\n\tjr s9"
                     :
                     : [word] "i"(8 * CORE_ENTRY_ABORT)
                     : "memory");
    __builtin_unreachable();
}

// A core entry entered with sp on the gate page: it must not touch the domain's stack.
static int64_t entry_with_wild_stack(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    __asm__ volatile("mv s0, sp\n\tmv sp, zero\n\tld s9, %[word](gp)\n\tjalr ra, 0(s9)\n\tmv sp, s0"
                     :
                     : [word] "i"(8 * ENTRY_time)
                     : "ra", "s0", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3",
                       "a4", "a5", "a6", "a7", "memory");
    return 0;
}

// A call, with sp where nothing is mapped: the way back meets it there.
static int64_t call_with_wild_stack(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    __asm__ volatile("li t2, 0x7FFFF000\n\tmv sp, t2\n\tli t0, 0\n\tli t1, 0\n\t"
                     "ld s9, %[word](gp)\n\tjalr ra, 0(s9)"
                     :
                     : [word] "i"(8 * CORE_ENTRY_CALL)
                     : "memory");
    __builtin_unreachable();
}

// The words of the gate page that `ld s9` can reach and behind which there is no entry.
static uint32_t unused_word(uint64_t number)
{
    static const uint8_t entries[] = {CORE_ENTRY_ABORT,          CORE_ENTRY_RETURN, CORE_ENTRY_CALL,
                                      CORE_ENTRY_COPY,           CORE_ENTRY_FILL,
#define ENTRY_NUMBER(number, name) number,
                                      CORE_ENTRIES(ENTRY_NUMBER)};
    for (uint32_t word = 0; word < 256; word++) {
        if (!memchr(entries, (int)word, sizeof entries) && !number--)
            return word;
    }
    return 255;
}

static int64_t gate_word_without_entry(rref_t lent, uint64_t number)
{
    uint32_t word = unused_word(number * 13);
    (void)lent;
    ((void (*)(void))(gate_words + 8 * word))();
    return word + 1;
}

static volatile uint64_t thread_done;

static void thread_returns(uint64_t argument)
{
    thread_done = argument;
    __asm__ volatile("mv sp, zero\n\tld s9, %[word](gp)\n\tjr s9"
                     :
                     : [word] "i"(8 * CORE_ENTRY_RETURN));
}

static int64_t thread_that_returns(rref_t lent, uint64_t number)
{
    (void)lent;
    int64_t thread = core_thread_create(thread_returns, number);
    for (uint32_t i = 0; i < 1000 && !thread_done; i++)
        core_yield();
    return thread < 0 ? thread : 0;
}

static void thread_jumps(uint64_t argument)
{
    jump_to(argument);
}

static int64_t thread_that_jumps(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    core_thread_create(thread_jumps, 0x5000);
    for (uint32_t i = 0; i < 1000; i++)
        core_yield();
    return 0;
}

static int64_t thread_at_no_function(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    core_thread_create((void (*)(uint64_t))0xFFFFFFFF80000000, 0);
    for (uint32_t i = 0; i < 1000; i++)
        core_yield();
    return 0;
}

const uint32_t attack_mark = 0x6A756D00;
const struct attack attacks[] = {
    ATTACK(jump_gate_page),
    ATTACK(jump_gate_word_return),
    ATTACK(jump_gate_page_end),
    ATTACK(jump_unmapped),
    ATTACK(jump_constants),
    ATTACK(jump_data),
    ATTACK(jump_heap_limit),
    ATTACK(jump_initrd),
    ATTACK(jump_stacks),
    ATTACK(jump_shared_heap),
    ATTACK(jump_last_page),
    ATTACK(jump_last_word),
    ATTACK(jump_odd),
    ATTACK(jump_half_word),
    ATTACK(jump_core_image),
    ATTACK(jump_core_entry_as_address),
    ATTACK(jump_direct_map),
    ATTACK(jump_mmio),
    ATTACK(jump_thread_area),
    ATTACK(jump_user_text),
    ATTACK(jump_end_of_text_padding),
    ATTACK(jump_own_stack),
    ATTACK(jump_own_rref),
    ATTACK(jump_lent_rref),
    ATTACK(return_with_wild_registers),
    ATTACK(return_with_wild_status),
    ATTACK(abort_with_wild_stack),
    LIVES(entry_with_wild_stack),
    ATTACK(call_with_wild_stack),
    REPEAT(gate_word_without_entry, 12),
    LIVES(thread_that_returns),
    ATTACK(thread_that_jumps),
    ATTACK(thread_at_no_function),
};
const uint32_t attack_count = sizeof attacks / sizeof *attacks;
