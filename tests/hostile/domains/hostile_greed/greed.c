// SPDX-License-Identifier: MIT
// Takes all that there is and gives nothing back: the manifest's limits hold, and the core takes
// back.
#include "../attack.h"
#include "domain.h"
#include "empty_client.h"

#define TRIES 100000

static int64_t all_handles(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    uint32_t made = 0;
    while (made < TRIES && core_event_create() >= 0)
        made++;
    return made > 32 ? made : 0;
}

static int64_t all_rrefs(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    uint32_t made = 0;
    while (made < TRIES && core_rref_alloc(64, 0) >= 0)
        made++;
    return made > 64 ? made : 0;
}

static int64_t all_shared_pages(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    uint32_t made = 0;
    while (made < TRIES && core_rref_alloc(65536, 0) >= 0)
        made++;
    return made > 32 ? made : 0;
}

static int64_t one_rref_of_everything(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    for (uint64_t bit = 20; bit < 64; bit++) {
        int64_t rref = core_rref_alloc(1ull << bit, 0);
        if (rref >= 0 && bit > 21)
            return rref;
    }
    return core_rref_alloc(UINT64_MAX, 0) >= 0 || core_rref_alloc(0, 0) >= 0;
}

static int64_t all_pages(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    uint32_t made = 0;
    while (made < TRIES && core_heap_grow(4096) >= 0)
        made++;
    return made > 256 ? made : 0;
}

static int64_t heap_of_everything(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    for (uint64_t bit = 24; bit < 64; bit++) {
        if (core_heap_grow(1ull << bit) >= 0)
            return (int64_t)bit;
    }
    return core_heap_grow(UINT64_MAX) >= 0;
}

static void thread_sleeps(uint64_t argument)
{
    struct wait_item item = {.event = (handle_t)argument};
    for (;;)
        core_wait(&item, 1, WAIT_FOREVER);
}

static void thread_spins(uint64_t argument)
{
    for (volatile uint64_t i = argument;; i++)
        continue;
}

static int64_t all_threads(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    int64_t event = core_event_create();
    uint32_t made = 0;
    while (made < TRIES && core_thread_create(thread_sleeps, (uint64_t)event) >= 0)
        made++;
    return made > 8 ? made : 0;
}

// Threads of its own that are at work when the instance is ended.
static int64_t threads_that_spin(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    for (uint32_t i = 0; i < 4; i++)
        core_thread_create(thread_spins, i);
    core_yield();
    core_abort();
}

// Calls itself until the core refuses; each level holds a frame and a stack.
static int64_t nested_call(void)
{
    RpcResult result = empty_nothing(HANDLE_NULL);
    return result.status == RPC_OK         ? (int64_t)result.value + 1
           : result.status == RPC_TOO_DEEP ? 1
                                           : -1000;
}

static int64_t recursion(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    attack_nested = nested_call;
    int64_t depth = nested_call();
    return depth < 20 || depth > 32 ? depth | 1ll << 32 : 0;
}

static int64_t nested_abort(void)
{
    if (empty_nothing(HANDLE_NULL).status == RPC_TOO_DEEP)
        core_abort();
    return 0;
}

// The abort comes 30 frames deep, all of which are the dead domain's.
static int64_t recursion_then_abort(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    attack_nested = nested_abort;
    nested_abort();
    return 1;
}

static int64_t stack_deep(uint64_t left)
{
    volatile uint8_t frame[1024];
    frame[0] = (uint8_t)left;
    return left ? stack_deep(left - 1) + frame[0] : 0;
}

static int64_t own_stack(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    stack_deep(1000);
    return 1;
}

static int64_t the_log(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    for (uint32_t i = 0; i < 500; i++)
        log_printf("noise \x1b[31m %u %s", i, "\n\n\n");
    return 0;
}

static int64_t sleep_past_the_limit(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    thread_sleeps((uint64_t)core_event_create());
    return 1;
}

#define TIME_ENOUGH 2000000000ull // of the limit, 400 ms, five times over

// Each wait is far shorter than the unit of the limit.
static int64_t sleep_in_pieces(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    struct wait_item item = {.event = (handle_t)core_event_create()};
    uint64_t end = core_time() + TIME_ENOUGH;
    while (core_time() < end)
        core_wait(&item, 1, core_time() + 20000);
    return 1;
}

// None of the waits runs out: what it waits for has happened already.
static int64_t wait_for_the_past(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    struct wait_item item = {.event = (handle_t)core_event_create(), .seen = 1};
    uint64_t end = core_time() + TIME_ENOUGH;
    while (core_time() < end)
        core_wait(&item, 1, WAIT_FOREVER);
    return 1;
}

static int64_t everything_then_abort(rref_t lent, uint64_t number)
{
    all_threads(lent, number);
    all_handles(lent, number);
    all_shared_pages(lent, number);
    all_rrefs(lent, number);
    all_pages(lent, number);
    core_rref_hold(lent);
    core_abort();
}

const uint32_t attack_mark = 0x67726500;
const struct attack attacks[] = {
    LIVES(all_handles),
    LIVES(all_rrefs),
    LIVES(all_shared_pages),
    LIVES(one_rref_of_everything),
    LIVES(all_pages),
    LIVES(heap_of_everything),
    LIVES(all_threads),
    ATTACK(threads_that_spin),
    LIVES(recursion),
    ATTACK(recursion_then_abort),
    ATTACK(own_stack),
    LIVES(the_log),
    ATTACK(sleep_past_the_limit),
    ATTACK(sleep_in_pieces),
    ATTACK(wait_for_the_past),
    ATTACK(everything_then_abort),
};
const uint32_t attack_count = sizeof attacks / sizeof *attacks;
