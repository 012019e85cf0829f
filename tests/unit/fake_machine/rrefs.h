// SPDX-License-Identifier: MIT
// What the tests of RRefs have in common: domains on the fake machine that make some.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/event.h"
#include "kernel/rref.h"

enum { A, B, C };

#define TEST(name) cmocka_unit_test_setup_teardown(name, rrefs_setup, rrefs_teardown)

// A machine without RRefs; after every test all instances end, and nothing may be left.
int rrefs_setup(void **state);
int rrefs_teardown(void **state);

// Domain N of the machine, and an RRef of BYTES of its own.
struct domain *domain(uint32_t n);
rref_t make(uint32_t n, uint64_t bytes);

// Where an RRef lies in the heap.
uint64_t offset_of(rref_t rref);

// An event on which completions can be queued.
void event_ready(struct event *event);

// What kernel/gate.S does: NAME goes from one domain to another if it is in passing between the
// two.
bool gate_move(uint32_t from, rref_t name, uint32_t to);
