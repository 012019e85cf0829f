// SPDX-License-Identifier: MIT
// Faults and aborts: a domain that misbehaves is marked dead, each thread inside leaves it
// longjmp-like with an error for its caller, and the reaper (kernel/reclaim.c) takes back all it
// held.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/rpc.h"
#include "microcore/trap.h"

struct domain;
struct frame;
struct image;
struct gate_call;
struct thread;
struct version;

enum fault_cause {
    FAULT_TRAP,     // scause, pc and address tell
    FAULT_BUDGET,   // its CPU time for one call is spent
    FAULT_WAIT,     // it waited past the method's limit
    FAULT_ABORT,    // core entry ABORT, or a gate word without an entry
    FAULT_PROTOCOL, // e.g. it returned an RRef that it does not own
    FAULT_STOP,     // not a fault: the operator stopped it
};

#define FAULT_CHAIN_MAX 8

// What is known of a fault at the moment it happens; printed later by the reaper.
struct fault_record {
    enum fault_cause cause;
    uint64_t scause, pc, address;
    uint64_t method;
    uint32_t depth;
    char chain[FAULT_CHAIN_MAX][24]; // services from the caller outwards
    const char *detail;              // static text
    uint64_t when;                   // ns since boot
    uint32_t pages, threads;         // that it had
    uint64_t rrefs;
    // What becomes of the service.
    bool served, restarts;    // it had one; which is started again
    uint32_t pause_ms;        // before that
    const struct image *next; // brought back, since the one that faulted was on probation; or NULL
};

// Marks the instance dead: its service answers RPC_DEAD or waits for its shadow, sleepers in it are
// kicked, harts that run in it are interrupted. Unless CAUSE is FAULT_STOP, the current thread's
// top frame is who did it; TRAP may be NULL. The first call wins; others return false. Any context,
// no lock held.
bool fault_kill(struct domain *domain, enum fault_cause cause, const struct trap_frame *trap,
                const char *detail);

// The current thread's top frame has faulted: kills its domain. The frame is popped at the way out
// of the trap or core entry (fault_unwind). Any context.
void fault_abort(enum fault_cause cause, const struct trap_frame *trap, const char *detail);
void fault_abort_self(void); // the ABORT entry
// Pops the top frame, whose domain is dead. Status: the transport error for the frame below; or
// RPC_OK, and CALL, which is to be made again behind the service's shadow, is prepared as by
// gate_prepare. Called by gate.S on the core stack, interrupts on.
RpcResult fault_unwind(struct gate_call *call);

// Kicks every thread that has the version among its frames, but who runs in it right here.
void fault_kick_sleepers(const struct version *version);

// Pops the current thread's top frame: loans end, the reader is counted out. CRASHED: its result is
// lost.
void frame_pop(bool crashed);

// The status that the caller of a dead domain gets.
int64_t fault_status(const struct domain *domain);
// One word for the cause: "load fault", "time budget spent", ...
const char *fault_name(const struct fault_record *record);
