// SPDX-License-Identifier: MIT
// The victim runs a piece of work with one function in it replaced by a mutant.
//
// generate.c makes many images of this one. Every function of the code under test begins with five
// nops; it puts a jump through `mutant_entry` there, so that any of them can be led to another
// place, and fills the reserve of text below with copies, one mutated in each. A call of `read`
// names the mutant and runs the piece of work that is known to pass the changed instructions.
//
// All that the work allocates is addressed as if it lay in another slot: what is confined gets at
// the own bytes nevertheless, and what is not, at somebody else's.
#include <stdio.h>
#include <stdlib.h>
#include <reent.h>
#include "cases.h"
#include "domain.h"
#include "empty_server.h"
#include "mutants.h"

uintptr_t mutant_entry[FUNCTIONS_MAX]; // where calls of each function go

extern uint8_t __data_start[], __bss_end[];

// Outside of what is restored before each run.
static struct state {
    bool known[CASES];
    uint64_t expected[CASES];
    _Alignas(8) uint8_t snapshot[];
} * state;

static uint8_t *heap;
static uintptr_t heap_next, heap_end, displacement;

static uintptr_t slot_base(void)
{
    uintptr_t base;
    __asm__("mv %0, gp" : "=r"(base));
    return base;
}

// ---- Memory for the cases: fresh for each run, and displaced ----

void *malloc(size_t size)
{
    uintptr_t place = heap_next + 16;
    if (size > heap_end - place)
        return NULL;
    heap_next = (place + size + 15) & ~(uintptr_t)15;
    *(size_t *)(place - 16) = size;
    return (void *)(place + displacement);
}

void free(void *block)
{
    (void)block;
}

void *calloc(size_t count, size_t size)
{
    void *block = malloc(count * size);
    return block ? memset(block, 0, count * size) : NULL;
}

void *realloc(void *old, size_t size)
{
    void *block = malloc(size);
    size_t had = old ? *(size_t *)((uintptr_t)old - 16) : 0;
    return block && old ? memcpy(block, old, had < size ? had : size) : block;
}

void *_malloc_r(struct _reent *reent, size_t size)
{
    (void)reent;
    return malloc(size);
}

void *_calloc_r(struct _reent *reent, size_t count, size_t size)
{
    (void)reent;
    return calloc(count, size);
}

void *_realloc_r(struct _reent *reent, void *old, size_t size)
{
    (void)reent;
    return realloc(old, size);
}

void _free_r(struct _reent *reent, void *block)
{
    (void)reent;
    (void)block;
}

// ---- Runs ----

static uint64_t run(uint32_t number, int32_t slots)
{
    memcpy(__data_start, state->snapshot, (size_t)(__bss_end - __data_start));
    heap_next = (uintptr_t)heap;
    displacement = (uintptr_t)((int64_t)slots * (int64_t)SLOT_SIZE);
    return case_run(number);
}

// 1: the result is another one.
static uint32_t mutant_run(const struct mutant *mutant, int32_t slots)
{
    uint32_t work = mutant->work;
    if (!state->known[work]) {
        state->expected[work] = run(work, 0);
        state->known[work] = true;
    }
    uintptr_t *entry = (uintptr_t *)(state->snapshot +
                                     ((uint8_t *)&mutant_entry[mutant->function] - __data_start));
    *entry = slot_base() + mutant->entry;
    uint64_t result = run(work, slots);
    *entry = slot_base() + mutant_functions[mutant->function];
    return result != state->expected[work];
}

// START: which mutant; LENGTH: by how many slots its memory seems to be away. A start behind the
// last gives their number.
RpcResult empty_do_read(rref_t buffer, uint32_t start, uint32_t length)
{
    (void)buffer;
    if (start >= mutant_count)
        return rpc_ok(mutant_count);
    return rpc_ok(mutant_run(&mutants[start], (int32_t)length));
}

RpcResult empty_do_nothing(void)
{
    return rpc_ok(slot_base());
}

int64_t domain_init(void)
{
    size_t size = (size_t)(__bss_end - __data_start);
    uint64_t bytes = (HEAP_BYTES + sizeof *state + size + 4095) & ~4095ull;
    int64_t start = core_heap_grow(bytes);
    if (start < 0)
        return start;
    heap = (uint8_t *)(slot_base() + (uint32_t)start);
    heap_next = (uintptr_t)heap;
    heap_end = heap_next + HEAP_BYTES;
    state = (struct state *)heap_end;
    for (uint32_t i = 0; i < FUNCTIONS_MAX; i++)
        mutant_entry[i] = slot_base() + mutant_functions[i];
    cases_prepare();
    memcpy(state->snapshot, __data_start, size);
    return 0;
}

// Entered under tests/unit/sfi/loader.c in the place of a method. No such case: only the start.
int64_t victim_trace(void)
{
    char line[64];
    int64_t error = domain_init();
    if (!error && trace_case < CASES)
        core_log(line, (uint64_t)snprintf(line, sizeof line, "%lx\n", run(trace_case, 0)));
    return error;
}
