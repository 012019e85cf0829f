// SPDX-License-Identifier: MIT
#include "rrefs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "kernel/abi/error.h"
#include "kernel/heap.h"
#include "kernel/registry.h"
#include "kernel/space.h"
#include "machine.h"
#include "program.h"

struct domain *domain(uint32_t n)
{
    return machine_domain(n);
}

int rrefs_setup(void **state)
{
    (void)state;
    machine_reset();
    program_reset();
    return 0;
}

int rrefs_teardown(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < MACHINE_SLOTS; n++)
        rref_reclaim(domain(n), RPC_CRASHED, false);
    rref_drop_kept("store");
    assert_int_equal(rref_count_free(), RREFS_MAX);
    assert_int_equal(program_pins(), 0);
    assert_int_equal(program_space()->object.users, 1);
    program_end();
    assert_int_equal(machine_pages_used(), 0);
    for (uint32_t n = 0; n < MACHINE_SLOTS; n++) {
        assert_int_equal(ledger_rrefs(domain(n)), 0);
        assert_int_equal(ledger_pages(domain(n)), 0);
    }
    return 0;
}

rref_t make(uint32_t n, uint64_t bytes)
{
    int64_t rref = rref_alloc(domain(n), bytes, 7);
    assert_true(rref > 0);
    return (rref_t)rref;
}

uint64_t offset_of(rref_t rref)
{
    return (uint32_t)rref;
}

void event_ready(struct event *event)
{
    *event = (struct event){.object = {.users = 1}};
    event->completed_tail = &event->completed;
}

bool gate_move(uint32_t from, rref_t name, uint32_t to)
{
    uint64_t giver = place_of_slot(from) << 32, next = place_of_slot(to) << 32;
    uint64_t before = name + 8 * giver + next, after = name + 8 * next + giver;
    return __atomic_compare_exchange_n(&rref_passing[name >> 32 & 0xFFFF], &before, after, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}
