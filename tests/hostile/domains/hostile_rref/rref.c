// SPDX-License-Identifier: MIT
// RRefs that are not its own, or no longer, or never were.
#include "../attack.h"
#include "domain.h"
#include "empty_client.h"

#define INDEXES     65536
#define GENERATIONS 32768

static rref_t rref_make(void)
{
    return (rref_t)core_rref_alloc(4096, 0);
}

// Is it any use to this domain? Only what it owns or was lent may be.
static bool rref_works(rref_t rref)
{
    uint8_t byte;
    return core_rref_length(rref) >= 0 || core_rref_read(rref, 0, &byte, 1) >= 0 ||
           core_rref_write(rref, 0, "x", 1) >= 0 || core_rref_free(rref) >= 0;
}

static int64_t forge_every_generation(rref_t lent, uint64_t number)
{
    (void)number;
    for (uint64_t generation = 0; generation < GENERATIONS * 2; generation++) {
        rref_t forged = (lent & ~(0xFFFFull << 48)) | generation << 48;
        if (forged != lent && core_rref_length(forged) >= 0)
            return (int64_t)forged;
    }
    return 0;
}

static int64_t forge_every_index(rref_t lent, uint64_t number)
{
    (void)number;
    for (uint64_t index = 0; index < INDEXES; index++) {
        rref_t forged = (lent & ~(0xFFFFull << 32)) | index << 32;
        if (forged != lent && core_rref_length(forged) >= 0)
            return (int64_t)forged;
    }
    return 0;
}

// Early generations of all indexes, at the offsets where other domains' buffers begin.
static int64_t forge_likely_names(rref_t lent, uint64_t number)
{
    (void)number;
    for (uint64_t index = 0; index < 256; index++) {
        for (uint64_t generation = 1; generation < 16; generation++) {
            for (uint64_t page = 0; page < 32; page++) {
                rref_t forged = generation << 48 | index << 32 | (0xC0000000 + page * 4096);
                if (forged != lent && core_rref_length(forged) >= 0)
                    return (int64_t)forged;
            }
        }
    }
    return 0;
}

static int64_t forge_another_offset(rref_t lent, uint64_t number)
{
    (void)number;
    rref_t own = rref_make();
    for (uint64_t bit = 0; bit < 64; bit++) {
        rref_t forged[] = {lent ^ 1ull << bit, own ^ 1ull << bit};
        if (rref_works(forged[0]) || rref_works(forged[1]))
            return (int64_t)forged[0];
    }
    return core_rref_free(own);
}

static int64_t free_what_is_lent(rref_t lent, uint64_t number)
{
    (void)number;
    if (core_rref_free(lent) >= 0 || core_rref_keep(lent, 1, 1) >= 0)
        return 1;
    return core_rref_length(lent) > 0 ? 0 : 2;
}

static int64_t free_twice(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    rref_t own = rref_make();
    if (core_rref_free(own) < 0 || core_rref_free(own) >= 0)
        return 1;
    return rref_works(own);
}

static int64_t free_and_use_the_next(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    for (uint32_t i = 0; i < 1000; i++) {
        rref_t first = rref_make();
        if (core_rref_free(first) < 0)
            return 1;
        rref_t second = rref_make();
        if (rref_works(first))
            return 2;
        if (core_rref_free(second) < 0)
            return 3;
    }
    return 0;
}

static int64_t move_what_is_lent(rref_t lent, uint64_t number)
{
    (void)number;
    return empty_pass(HANDLE_NULL, lent).status == RPC_OK;
}

static int64_t move_what_is_freed(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    rref_t own = rref_make();
    core_rref_free(own);
    return empty_pass(HANDLE_NULL, own).status == RPC_OK ||
           empty_look(HANDLE_NULL, own).status == RPC_OK;
}

static int64_t lend_what_is_forged(rref_t lent, uint64_t number)
{
    (void)number;
    return empty_look(HANDLE_NULL, lent ^ 1ull << 48).status == RPC_OK ||
           empty_look(HANDLE_NULL, lent ^ 1ull << 32).status == RPC_OK ||
           empty_look(HANDLE_NULL, UINT64_MAX).status == RPC_OK;
}

// A method gives back what it does not own: a protocol error, which ends the instance.
static int64_t return_what_is_lent(rref_t lent, uint64_t number)
{
    (void)number;
    attack_answer = lent;
    return empty_pass(HANDLE_NULL, rref_make()).status == RPC_OK;
}

static int64_t return_what_is_forged(rref_t lent, uint64_t number)
{
    (void)number;
    attack_answer = lent ^ 1ull << 48;
    return empty_pass(HANDLE_NULL, rref_make()).status == RPC_OK;
}

static int64_t complete_what_is_not_held(rref_t lent, uint64_t number)
{
    (void)number;
    return core_rref_complete(lent, 0) >= 0 || core_rref_complete(rref_make(), 0) >= 0;
}

static int64_t hold_and_complete_twice(rref_t lent, uint64_t number)
{
    (void)number;
    return core_rref_hold(lent) < 0 || core_rref_complete(lent, 0) < 0 ||
           core_rref_complete(lent, 0) >= 0;
}

static int64_t hold_what_is_own(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    rref_t own = rref_make();
    return core_rref_hold(own) >= 0;
}

// The loan is never ended: the core must end it.
static int64_t hold_for_ever(rref_t lent, uint64_t number)
{
    (void)number;
    for (uint32_t i = 0; i < 100000; i++)
        core_rref_hold(lent);
    core_abort();
}

// A borrower may ask for completions of what it was lent, for it may lend it on: not from an event
// that it does not hold, and not past its own end.
static int64_t divert_completions(rref_t lent, uint64_t number)
{
    (void)number;
    handle_t event = (handle_t)core_event_create();
    if (core_rref_completion(lent, event, 1) < 0 || core_rref_completion(lent, 100, 1) >= 0)
        return 1;
    core_rref_hold(lent);
    core_abort();
}

static rref_t racing;
static volatile uint32_t raced;

static void race_free(uint64_t argument)
{
    (void)argument;
    for (uint32_t i = 0; i < 2000; i++)
        core_rref_free(__atomic_load_n(&racing, __ATOMIC_RELAXED));
    raced = 1;
}

// Two threads with one RRef: one passes and lends it, the other frees it. It passes it to itself,
// and is ended if it has it no more when that call returns it.
static int64_t race_of_two_threads(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    core_thread_create(race_free, 0);
    for (uint32_t i = 0; i < 2000; i++) {
        rref_t own = rref_make();
        __atomic_store_n(&racing, own, __ATOMIC_RELAXED);
        empty_look(HANDLE_NULL, own);
        empty_pass(HANDLE_NULL, own);
        core_rref_free(own);
    }
    for (uint32_t i = 0; i < 10000 && !raced; i++)
        core_yield();
    return 0;
}

// It reads and writes past the end of what it was lent.
static int64_t overrun(rref_t lent, uint64_t number)
{
    uint8_t bytes[64] = {0};
    (void)number;
    uint64_t length = (uint64_t)core_rref_length(lent);
    return core_rref_read(lent, length, bytes, 1) >= 0 ||
           core_rref_read(lent, length - 1, bytes, 2) >= 0 ||
           core_rref_write(lent, UINT64_MAX, bytes, 2) >= 0 ||
           core_rref_write(lent, 0, bytes, length + 1) >= 0 ||
           core_rref_fill(lent, length, 0, 1) >= 0 ||
           core_rref_fill(lent, UINT64_MAX - 3, 0, 8) >= 0 ||
           core_rref_copy(lent, 0, lent, 1, UINT64_MAX) >= 0;
}

const uint32_t attack_mark = 0x72726500;
const struct attack attacks[] = {
    LIVES(forge_every_generation),
    LIVES(forge_every_index),
    LIVES(forge_likely_names),
    LIVES(forge_another_offset),
    LIVES(free_what_is_lent),
    LIVES(free_twice),
    LIVES(free_and_use_the_next),
    LIVES(move_what_is_lent),
    LIVES(move_what_is_freed),
    LIVES(lend_what_is_forged),
    ATTACK(return_what_is_lent),
    ATTACK(return_what_is_forged),
    LIVES(complete_what_is_not_held),
    LIVES(hold_and_complete_twice),
    LIVES(hold_what_is_own),
    ATTACK(hold_for_ever),
    ATTACK(divert_completions),
    ATTACK(race_of_two_threads),
    LIVES(overrun),
};
const uint32_t attack_count = sizeof attacks / sizeof *attacks;
