// SPDX-License-Identifier: MIT
// Commits the fault that `domain fault` armed. The core points the method table of the service at
// fault_commit, so that a domain which nobody tortures pays nothing. Every fault is a real one.
//
// Two classes are as near as confined code can come. Verified text holds no illegal instruction and
// nobody can write one, so `illegal` jumps to a word of the constants that is none, and `exec` to
// an instruction that it wrote into its data: the processor refuses to fetch from either page.
#include "fault.h"
#include <assert.h>
#include <stdlib.h>
#include "core.h"

RpcResult fault_commit(void);

#define UNMAPPED_OFFSET    0x5000 // between the gate page and the text
#define ILLEGAL_WORD       0x00000000
#define RETURN_INSTRUCTION 0x00008067         // jalr zero, 0(ra)
#define FOREIGN_RREF       0x7FFF00FFC0001000 // nobody has made it: a generation far away
#define PIECE_BYTES        65536

// Read at run time, so that the compiler cannot see that the accesses below are wrong.
static volatile uintptr_t unmapped = UNMAPPED_OFFSET;
static const volatile uint32_t illegal_word = ILLEGAL_WORD;
static volatile uint32_t written_word;

// Through a register: a direct jump out of the text would not pass the verifier.
static void jump_to(uintptr_t address)
{
    __asm__ volatile("" : "+r"(address));
    ((void (*)(void))address)();
}

static void commit_load(void)
{
    (void)*(volatile uint64_t *)unmapped;
}

static void commit_store(void)
{
    *(volatile uint64_t *)unmapped = 1;
}

static void commit_jump(void)
{
    jump_to(unmapped);
}

static void commit_exec(void)
{
    written_word = RETURN_INSTRUCTION;
    jump_to((uintptr_t)&written_word);
}

static void commit_illegal(void)
{
    jump_to((uintptr_t)&illegal_word);
}

static void commit_ebreak(void)
{
    __asm__ volatile("ebreak");
}

static void commit_misaligned(void)
{
    static uint64_t words[2];
    uintptr_t odd = (uintptr_t)words + 1;
    __asm__ volatile("amoadd.d zero, %0, (%1)" : : "r"(1UL), "r"(odd) : "memory");
}

// Infinite on purpose: the use of `frame` after the inner call keeps it from becoming a loop.
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static __attribute__((noinline)) uint64_t recurse(uint64_t depth)
{
    volatile uint64_t frame[32];
    frame[depth % 32] = depth;
    return recurse(depth + 1) + frame[depth % 32];
}

static void commit_stack(void)
{
    recurse(0);
}

static void commit_loop(void)
{
    for (;;)
        __asm__ volatile("");
}

static void commit_assert(void)
{
    assert(unmapped == 0);
}

static void commit_exhaust(void)
{
    while (core_rref_alloc(PIECE_BYTES, 0) >= 0)
        ;
    for (;;) {
        int64_t offset = core_heap_grow(PIECE_BYTES);
        if (offset < 0)
            core_abort();
        *(volatile uint8_t *)(uintptr_t)offset = 1;
    }
}

static void commit_leak(void)
{
    for (int i = 0; i < 16; i++)
        core_rref_alloc(4096, 0);
    core_abort();
}

// The core refuses each of these, or aborts the instance at once; the abort at the end answers the
// caller where it was lenient.
static void commit_badref(void)
{
    core_rref_complete(FOREIGN_RREF, 0);
    core_rref_free(FOREIGN_RREF);
    core_abort();
}

static void commit_deadlock(void)
{
    struct wait_item item = {0};
    int64_t event = core_event_create();
    if (event < 0)
        core_abort();
    item.event = (handle_t)event;
    for (;;)
        core_wait(&item, 1, WAIT_FOREVER);
}

static void (*const commit[FAULT_COUNT])(void) = {
#define FAULT_CLASS(name, text) [FAULT_##name] = commit_##name,
    FAULT_CLASSES(FAULT_CLASS)
#undef FAULT_CLASS
};

// Takes the place of any method, whatever its arguments, and does not come back: whoever finds the
// fault taken by another call dies with that one, and the request is made again behind the shadow.
RpcResult fault_commit(void)
{
    int64_t armed = core_fault_take();
    const struct wait_item nothing = {0};
    while (armed <= FAULT_NONE || armed >= FAULT_COUNT)
        core_wait(&nothing, 0, WAIT_FOREVER);
    commit[armed]();
    core_abort();
}
