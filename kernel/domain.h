// SPDX-License-Identifier: MIT
// Domains: one running instance of an image in a slot.
#pragma once
#include "kernel/fault.h"
#include "kernel/image.h"
#include "kernel/object.h"
#include "kernel/proxy.h"
#include "kernel/slot.h"
#include "microcore/lock.h"

enum domain_state {
    DOMAIN_STARTING, // init runs
    DOMAIN_RUNNING,
    DOMAIN_STOPPING, // orderly: detach, exit
    DOMAIN_DEAD,     // faulted or stopped; reclaimed when the last thread is out
    DOMAIN_GONE,
};

struct domain {
    uint32_t id;    // counts up from 1, never used again
    uint32_t state; // enum domain_state, atomic
    struct image *image;
    struct slot *slot;
    struct version *version;
    struct proxy *proxy;          // service that it serves; NULL: not yet
    struct lock lock;             // LOCK_DOMAIN: handle table, ledger counts
    struct handle_entry *handles; // as many as its manifest asks for, at least HANDLES_CALLED
    uint32_t handle_count;
    uint32_t handle_low,
        handle_high; // none is free before that one, of those called, of the others
    uint32_t threads, events;
    uint64_t ledger, ledger_limit; // RRefs that it owns and their pages (see below); atomic
    uint32_t passing;              // RRefs that it may pass on, or get back (kernel/passing.c)
    struct domain *predecessor;    // whose state it takes over: for the time of import and attach
    bool parking;                  // its own threads are to stop: each wait of theirs gives -EINTR
    uint32_t armed_fault;          // `domain fault`: class that the next call commits
    uint64_t slot_bit;             // 1 << slot->index: this slot in sets of slots
    // What stopped it; the first fault wins.
    uint32_t fault_taken; // atomic
    struct fault_record fault;
    bool reported;        // its fault is printed; LOCK_CONTROL
    bool reaped;          // the reaper has it; LOCK_CONTROL
    uint32_t held;        // uses by the control task: not reclaimed meanwhile; LOCK_CONTROL
    uint64_t rests_until; // ns since boot: not reclaimed before
    bool keep_state;      // stopped for a restart: what it kept stays
    struct domain *next;  // all instances; LOCK_CONTROL
};

// A ledger counts RRefs in its upper half and their pages in its lower, so that one addition does
// both. A limit has the top bit of either half set beside it: a ledger taken off it leaves both set
// exactly where neither count is past its limit. Counts and limits are below 2^30.
#define LEDGER_RREF ((uint64_t)1 << 32)
#define LEDGER_TOPS ((uint64_t)1 << 63 | (uint64_t)1 << 31)

static inline uint64_t ledger_limit(uint64_t rrefs, uint64_t pages)
{
    return LEDGER_TOPS | rrefs << 32 | pages;
}

static inline bool ledger_allows(const struct domain *domain, uint64_t total)
{
    return ((domain->ledger_limit - total) & LEDGER_TOPS) == LEDGER_TOPS;
}

static inline uint64_t ledger_rrefs(const struct domain *domain)
{
    return __atomic_load_n(&domain->ledger, __ATOMIC_RELAXED) >> 32;
}

static inline uint64_t ledger_pages(const struct domain *domain)
{
    return (uint32_t)__atomic_load_n(&domain->ledger, __ATOMIC_RELAXED);
}

extern struct domain *domains; // all instances; LOCK_CONTROL

// Makes an instance of IMAGE in a slot of its own, with the handles of its manifest, and runs its
// init, which is told whether it is the SUCCESSOR of one that still serves. It serves nobody yet,
// and is held. Task context. REASON receives one line when it fails (NULL returned).
struct domain *domain_create(struct image *image, struct proxy *proxy, char *reason,
                             uint64_t reason_size);
// Takes the devices of the manifest's needs. 0, or a negative errno with REASON.
int domain_claim_devices(struct domain *domain, char *reason, uint64_t reason_size);
// The first page of the stack that its functions run on when the calling thread calls them: before
// callers wait for that. Where memory is short, that is left to the function.
void domain_prepare_stack(struct domain *domain);
// Calls one of its life-cycle functions (link-time address from the header).
RpcResult domain_life(struct domain *domain, const void *function, uint64_t a0, uint64_t a1);
// Why such a FUNCTION did not return RPC_OK, as one line.
void domain_tell_failure(const struct domain *domain, const char *function, int64_t status,
                         char *reason, uint64_t reason_size);
// FUNCTION (as above, or thread_main), or what commits the fault that `domain fault` armed for it.
const void *fault_armed(struct domain *domain, const void *function);
// The instance that serves PROXY, which is not reclaimed until domain_release; NULL: there is none.
struct domain *domain_hold(struct proxy *proxy);
void domain_release(struct domain *domain);
// Sets the state, unless it is dead by now.
void domain_advance(struct domain *domain, enum domain_state state);
// Throws away an instance that does not serve: what there is only one of is free at once, the
// reaper takes back the rest. Takes over the hold. Task context, no lock held.
void domain_discard(struct domain *domain);
// A thread of the domain's own, which calls FUNCTION (an address in its slot). Its number, -EAGAIN
// past the limit, -ENOMEM.
int64_t domain_thread_create(struct domain *domain, uint64_t function, uint64_t argument);
// Is any thread inside of it?
bool domain_has_visitors(const struct domain *domain);
// Its own threads are told to stop waiting and each further wait is refused, or no longer.
void domain_park(struct domain *domain, bool park);
// A dead instance gives up what the next one of its service needs: devices, kept state, loans. Its
// threads may still be on their way out. Task context, no lock held.
void domain_give_up(struct domain *domain);
// The next instance serves: who waits for news from this one looks again, and its reclamation
// begins in a moment only, because those who wait for replies come first. With a hold.
void domain_rest(struct domain *domain);
// Takes back all that a dead or replaced instance held. Nobody may be inside. Task context.
void domain_reclaim(struct domain *domain);
// Takes the record out of the list and frees it.
void domain_forget(struct domain *domain);

static inline const struct domain_limits *domain_limits(const struct domain *domain)
{
    return &domain->image->header.limits;
}
