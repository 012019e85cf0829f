// SPDX-License-Identifier: MIT
// What C calls of gate.S, and what gate.S calls back.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/rpc.h"

struct proxy;
struct version;
struct frame;
struct handle_entry;
struct trap_frame;

// The registers of a call as gate.S saves them on the core stack.
struct gate_call {
    uint64_t arguments[8];
    uint64_t method;
    uint64_t reserved;
};

// Calls a method of a service from the core, like any caller. Task context, no lock held.
RpcResult gate_call_core(struct proxy *proxy, uint64_t method, const uint64_t arguments[8]);

// Enters a function of one version, whatever its proxy serves, not counted as a reader. For the
// life cycle and for a domain's own threads. Task context, no lock held.
RpcResult gate_enter_core(struct version *version, uint64_t entry, const uint64_t arguments[8]);

// ---- Called by gate.S on the thread's core stack, interrupts on ----

// Checks the rights of a call that carries RRefs or handles, lends and moves them, and fills in the
// callee's frame. Value: the version that serves, counted in; bit 0: through a closed gate.
RpcResult gate_prepare(struct gate_call *call, struct handle_entry *entry);
// That version was replaced before the call had entered it: takes it all back and prepares anew.
RpcResult gate_prepare_again(struct gate_call *call, struct frame *frame);
// The way back of such a call: loans end, a resulting RRef or handle goes to the caller; pops.
// Where the callee broke the protocol the frame stays, of a domain that is dead now.
RpcResult gate_finish(int64_t status, uint64_t value);
// The proxy's version is closed or dead. Pops the frame, waits until it serves, and prepares.
RpcResult gate_wait_served(struct gate_call *call);
// Prepares a request anew, whose frame has been popped, as attempt number TRY (from 0).
RpcResult gate_repeat(struct proxy *proxy, struct gate_call *call, uint64_t try);

// ---- Addresses in gate.S, for kernel/fault.c ----
extern const char gate_call[], gate_push[], gate_push_saving[], gate_push_lending[],
    gate_push_giving[], gate_push_core[];
extern const char gate_check[], gate_check_end[], gate_check_core[], gate_check_core_end[];
extern const char gate_resume[], gate_resume_popped[], gate_resume_end[], gate_leaf[],
    gate_leaf_end[];
extern const char gate_refused[], gate_return[], gate_abort[], gate_copy[], gate_fill[],
    gate_unserved[], gate_watched[];
extern const char core_entry_stubs[];

static inline bool gate_pc_in(uint64_t pc, const char *start, const char *end)
{
    return pc >= (uint64_t)start && pc < (uint64_t)end;
}
