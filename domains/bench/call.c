// SPDX-License-Identifier: MIT
// What a call costs. Each measured loop has an empty twin that loses the same registers, so that
// what is taken off is the loop's counter with its spills, and what remains is the call.
#include "empty_client.h"
#include "measure.h"

#define BUFFER_BYTES 64

static rref_t buffer;

// Times BENCH_BATCH times STATEMENT.
#define BATCH(statement)                                                                           \
    uint64_t began = core_time();                                                                  \
    for (uint32_t i = 0; i < BENCH_BATCH; i++) {                                                   \
        statement;                                                                                 \
    }                                                                                              \
    return core_time() - began

#define LOST_BY_C_CALL                                                                             \
    "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5", "a6",      \
        "a7", "memory"
#define LOST_BY_GATE "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s11"

static __attribute__((noinline)) void nothing(void)
{
    __asm__ volatile("");
}

static void (*volatile nothing_pointer)(void) = nothing;

static uint64_t direct_batch(void)
{
    void (*function)(void) = nothing_pointer;
    BATCH(function());
}

static uint64_t direct_loop(void)
{
    BATCH(__asm__ volatile("" : : : LOST_BY_C_CALL));
}

static uint64_t call_batch(void)
{
    BATCH(empty_nothing(HANDLE_NULL));
}

static uint64_t rref_batch(void)
{
    rref_t own = buffer; // in a register: to store its name is no part of a call
    uint64_t began = core_time();
    for (uint32_t i = 0; i < BENCH_BATCH; i++)
        own = empty_pass(HANDLE_NULL, own).value;
    uint64_t took = core_time() - began;
    buffer = own;
    return took;
}

static uint64_t borrow_batch(void)
{
    BATCH(empty_look(HANDLE_NULL, buffer));
}

static uint64_t call_loop(void)
{
    BATCH(__asm__ volatile("" : : : LOST_BY_C_CALL, LOST_BY_GATE));
}

static const struct {
    uint64_t (*batch)(void);
    uint64_t (*loop)(void);
} kinds[] = {
    [BENCH_DIRECT] = {direct_batch, direct_loop}, [BENCH_CALL] = {call_batch, call_loop},
    [BENCH_CALL_RREF] = {rref_batch, call_loop},  [BENCH_CALL_BORROW] = {borrow_batch, call_loop},
    [BENCH_SHADOW] = {call_batch, call_loop},     [BENCH_SHADOW_RREF] = {borrow_batch, call_loop},
};

static bool is_shadow_measure(uint32_t measure)
{
    return measure == BENCH_SHADOW || measure == BENCH_SHADOW_RREF;
}

// The shadow of `null` is off but where it is measured.
RpcResult measure_call(uint32_t measure, uint32_t rounds)
{
    int64_t shadow = shadow_switch(is_shadow_measure(measure));
    if (shadow < 0 && is_shadow_measure(measure))
        return rpc_error(-ENOSYS);
    int64_t allocated = core_rref_alloc(BUFFER_BYTES, 0);
    if (allocated < 0)
        return rpc_error(allocated);
    buffer = (rref_t)allocated;
    RpcResult alive = empty_pass(HANDLE_NULL, buffer);
    if (alive.status < 0) // the loops do not look, so look once
        return alive;
    buffer = alive.value;
    uint64_t with = median_of(kinds[measure].batch, rounds, BENCH_BATCH);
    uint64_t without = median_of(kinds[measure].loop, rounds, BENCH_BATCH);
    core_rref_free(buffer);
    shadow_switch(true);
    return rpc_ok(with > without ? (with - without) * 1000 / BENCH_BATCH : 0);
}
