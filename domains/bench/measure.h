// SPDX-License-Identifier: MIT
// Measures calls from the inside of a domain. A clock tick is 100 ns, far longer than a call: so
// batches are timed, and the median of many batches stands for all. Under `-icount shift=0` a
// nanosecond is an instruction.
#pragma once
#include "domain.h"
#include "bench.h"

// Median of RUN's results in ns, over enough rounds for ROUNDS operations of BATCH each. 0: no
// memory.
uint64_t median_of(uint64_t (*run)(void), uint32_t rounds, uint32_t batch);

// Operations that are short: picoseconds of one.
RpcResult measure_call(uint32_t measure, uint32_t rounds);
// Operations that need the operator's rights: picoseconds of one. They break and repair `null`.
RpcResult measure_fault(uint32_t rounds);
RpcResult measure_restart(uint32_t rounds);
RpcResult measure_update(uint32_t rounds);
// Switches the shadow of `null`; a negative errno where it has none, or the right is missing.
int64_t shadow_switch(bool on);
