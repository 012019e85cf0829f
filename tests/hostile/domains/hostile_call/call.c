// SPDX-License-Identifier: MIT
// Dishonest callers and callees: what they leave in registers, what they change while another works
// on it, what they give to two at once.
#include "../attack.h"
#include "domain.h"
#include "block_client.h"
#include "empty_client.h"
#include "fs_client.h"
#include "block.h"
#include "kernel/abi/layout.h"

#define PAGE         4096
#define ROUNDS       300
#define BLOCK_OFFSET (24u << 20) // far from where the workload is

static volatile uint32_t stop;
static volatile uint32_t stopped;
static rref_t shared;

// Is it one of the ways in which a call through an honest service may end?
static bool is_fair(int64_t status)
{
    return status >= 0 || status > RPC_CRASHED || status == RPC_DENIED || status == RPC_NO_MEMORY;
}

static rref_t rref_make(void)
{
    int64_t made = core_rref_alloc(PAGE, 0);
    if (made < 0)
        core_abort();
    return (rref_t)made;
}

static void threads_end(uint32_t count)
{
    stop = 1;
    while (stopped < count)
        core_yield();
}

static bool scratch_is_ours(void)
{
    uint64_t base, jump, address;
    __asm__ volatile("mv %0, gp\n\tmv %1, s9\n\tmv %2, s10"
                     : "=r"(base), "=r"(jump), "=r"(address));
    return base == ((uint64_t)(uintptr_t)&stop & ~(SLOT_SIZE - 1)) && address - base < SLOT_SIZE &&
           (jump - base < SLOT_SIZE || jump >= 0xFFFFFFFF80000000);
}

// What the other one left in s9 and s10 would lead into its slot.
static int64_t scratch_after_calls(rref_t lent, uint64_t number)
{
    (void)number;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        block_size(HANDLE_BLOCK);
        if (!scratch_is_ours())
            return 1;
        empty_look(HANDLE_OTHER, lent);
        if (!scratch_is_ours())
            return 2;
        empty_nothing(i % 2 ? 99 : HANDLE_NULL);
        if (!scratch_is_ours())
            return 3;
        core_yield();
        if (!scratch_is_ours())
            return 4;
    }
    return 0;
}

// The caller goes on with s9 and s10 of its own, whatever the callee has there.
static int64_t return_with_scratch(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    __asm__ volatile("add.uw s10, %[address], gp\n\tli a0, 0\n\tli a1, 1\n\tmv sp, s10\n\t"
                     "ld s9, %[word](gp)\n\tjr s9"
                     :
                     : [address] "r"(&stop), [word] "i"(8 * CORE_ENTRY_RETURN)
                     : "memory");
    __builtin_unreachable();
}

// Through the stub that every text begins with, from a function that was called.
static int64_t return_through_the_stub(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    ((void (*)(uint64_t, uint64_t))SLOT_TEXT)(0, 1);
    return 1;
}

static int64_t return_an_impossible_count(rref_t lent, uint64_t number)
{
    static const uint64_t counts[] = {UINT64_MAX, 1ull << 63, 1ull << 32, 1ull << 31};
    (void)lent;
    __asm__ volatile("li a0, 0\n\tmv a1, %[count]\n\tld s9, %[word](gp)\n\tjr s9"
                     :
                     : [count] "r"(counts[number]), [word] "i"(8 * CORE_ENTRY_RETURN)
                     : "a0", "a1", "memory");
    __builtin_unreachable();
}

static void scribble(uint64_t seed)
{
    volatile uint8_t *bytes = (volatile uint8_t *)(uintptr_t)shared;
    while (!stop) {
        for (uint32_t i = 0; i < 64; i++)
            bytes[i] = (uint8_t)(attack_random(&seed) % 3 ? 'a' + attack_random(&seed) % 26 : '/');
    }
    __atomic_fetch_add(&stopped, 1, __ATOMIC_RELAXED);
}

// It changes what a service is just writing or reading.
static int64_t change_blocks_in_flight(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    shared = rref_make();
    if (core_thread_create(scribble, 1) < 0)
        return 1;
    int64_t got = 0;
    for (uint32_t i = 0; i < ROUNDS && !got; i++) {
        RpcResult result = block_submit(HANDLE_BLOCK, i % 2 ? BLOCK_READ : BLOCK_WRITE,
                                        BLOCK_OFFSET, shared, 0, PAGE);
        got = result.status == RPC_OK ? 0 : result.status;
    }
    threads_end(1);
    return got;
}

static int64_t change_names_in_flight(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    shared = rref_make();
    RpcResult root = fs_root(HANDLE_FILES);
    if (root.status < 0 || core_thread_create(scribble, 2) < 0)
        return 1;
    int64_t got = 0;
    for (uint32_t i = 0; i < ROUNDS && !got; i++) {
        RpcResult results[] = {
            fs_lookup(HANDLE_FILES, root.value, shared, i % 80),
            fs_create(HANDLE_FILES, root.value, shared, 1 + i % 8, 0100644, 0),
            fs_rename(HANDLE_FILES, root.value, shared, 4, root.value, shared, 5),
            fs_remove(HANDLE_FILES, root.value, shared, 1 + i % 8, 0),
        };
        for (uint32_t k = 0; k < 4; k++)
            got = is_fair(results[k].status) ? got : results[k].status;
    }
    threads_end(1);
    return got;
}

static volatile uint32_t unfair;

static void pass_round(void)
{
    RpcResult passed = empty_pass(HANDLE_OTHER, shared);
    RpcResult looked = empty_look(HANDLE_OTHER, shared);
    if ((passed.status != RPC_OK && passed.status != RPC_DENIED) ||
        (passed.status == RPC_OK && passed.value != shared) ||
        (looked.status != RPC_OK && looked.status != RPC_DENIED))
        unfair++;
}

static void pass_on(uint64_t argument)
{
    (void)argument;
    for (uint32_t i = 0; i < ROUNDS; i++)
        pass_round();
    __atomic_fetch_add(&stopped, 1, __ATOMIC_RELAXED);
}

// Three threads give one buffer away at once: it has one owner at each moment, and in the end this
// one.
static int64_t give_to_two_at_once(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    shared = rref_make();
    if (core_thread_create(pass_on, 0) < 0 || core_thread_create(pass_on, 0) < 0)
        return 1;
    for (uint32_t i = 0; i < ROUNDS; i++)
        pass_round();
    threads_end(2);
    if (unfair)
        return unfair;
    return core_rref_free(shared) < 0 || core_rref_free(shared) >= 0;
}

static rref_t borrowed;

static int64_t lend_deeper(void)
{
    int64_t looked = empty_look(HANDLE_OTHER, borrowed).status;
    if (looked == RPC_TOO_DEEP)
        core_abort();
    return looked != RPC_OK || empty_nothing(HANDLE_NULL).status != RPC_OK;
}

// Calls itself again and again, each time with the buffer on loan, and gives up at the bottom.
static int64_t enter_again_with_loans(rref_t lent, uint64_t number)
{
    (void)number;
    borrowed = lent;
    attack_nested = lend_deeper;
    return lend_deeper();
}

static handle_t closing;

static void close_it(uint64_t argument)
{
    (void)argument;
    core_handle_close(closing);
    __atomic_fetch_add(&stopped, 1, __ATOMIC_RELAXED);
}

// An event is closed under who waits on it.
static int64_t close_while_waiting(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    for (uint32_t i = 0; i < 20; i++) {
        int64_t event = core_event_create();
        struct wait_item item = {.event = (handle_t)event};
        closing = (handle_t)event;
        stopped = 0;
        if (event < 0 || core_thread_create(close_it, 0) < 0)
            return 1;
        core_wait(&item, 1, (uint64_t)core_time() + 5000000);
        threads_end(1);
        if (core_event_signal(closing) >= 0)
            return 2;
        core_yield();
    }
    return 0;
}

const uint32_t attack_mark = 0x63616C00;
const struct attack attacks[] = {
    LIVES(scratch_after_calls),      ATTACK(return_with_scratch),
    ATTACK(return_through_the_stub), REPEAT(return_an_impossible_count, 4),
    LIVES(change_blocks_in_flight),  LIVES(change_names_in_flight),
    LIVES(give_to_two_at_once),      ATTACK(enter_again_with_loans),
    LIVES(close_while_waiting),
};
const uint32_t attack_count = sizeof attacks / sizeof *attacks;
