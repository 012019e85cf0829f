// SPDX-License-Identifier: MIT
// The RRef registry's records, shared by kernel/rref.c, passing.c, loan.c, kept.c, transfer.c and
// window.c only.
//
// Each record has a guard of its own, one word taken by compare and swap: who owns it, who was lent
// it and what is pinned change together. A guard is innermost but for LOCK_EVENT and LOCK_PAGE; it
// is held with interrupts held off, for a few instructions.
#pragma once
#include "kernel/domain.h"
#include "kernel/event.h"
#include "kernel/rref.h"
#include "microcore/lock.h"
#include <stddef.h>

#define CHUNK_RECORDS 64 // records lie in chunks of so many; 1 << CHUNK_SHIFT
#define CHUNK_SHIFT   6
#define LOANS_MAX     6 // domains that may have one RRef on loan at once
#define WINDOW_INLINE 2

// Owners that are no domain (ids count up from 1).
#define OWNER_CORE   0                // between an export and an import
#define OWNER_NOBODY UINT32_MAX       // its owner is gone; freed with its last loan
#define OWNER_KEPT   (UINT32_MAX - 1) // for the next instance of its service

// What one domain has on loan. Each call that brought it counts until it returns, each hold and
// each request that posted it until rref_complete; a request that was held and posted ends both at
// once. The owner hears of completions once all calls have returned, and of the last one once no
// device has the RRef: so who hears of it may free it.
struct loan {
    uint32_t domain; // id; 0: unused
    uint16_t calls, holds, posts;
    uint16_t completed; // completions that the owner has not heard of
    bool first;         // the call that began it is under way, and there was no other
    bool lost;          // the borrower is dead, and a device that has the RRef may never let it go
    int64_t status;     // of these; the first error counts
};

// Frames of user memory that stay where they are: COUNT of them, in LIST where they are many.
struct pinned_frames {
    uint64_t count;
    uint64_t *list;
    uint64_t few[WINDOW_INLINE];
};

struct kept {
    char service[24];
    uint64_t key, schema;
};

#define GUARD_TAKEN   1
#define GUARD_PASSING 2 // not taken: its word in rref_passing tells the owner, see passing.c

struct rref {
    uint32_t guard; // 0 or GUARD_*; the gate may leave both of these, which is the second
    uint32_t owner; // domain id or OWNER_*
    bool live;
    bool untold; // a completion waits until no device has it
    uint16_t generation;
    uint32_t index;
    rref_t name; // what the domains know it by
    uint64_t length, type;
    uint64_t charge; // what its owner's ledger counts for it
    union {
        struct {
            uint32_t pins;   // posted to a device
            uint32_t copies; // by the core, under way
        };
        uint64_t pinned; // any of these: its bytes stay where they are
    };
    uint32_t loan_bound; // loans from here on are unused, mostly all
    struct loan loans[LOANS_MAX];
    struct kept *kept; // NULL: goes with its owner
    struct rref *next_free;
    // Completions. `queued`, `status` and `next` belong to LOCK_EVENT of `event`.
    struct event *event;  // one use; NULL: nobody asked
    uint32_t event_owner; // domain that asked
    uint64_t tag;
    uint32_t queued; // completions not reaped yet
    int64_t status;  // of these; the first error counts
    struct rref *next;
    // Windows: what user memory they show, from `address` on. Length 0: none.
    struct space *space; // one use; NULL: it has shown none yet
    uint64_t address;
    bool is_window, writable;
    struct pinned_frames frames; // while a device has it
};

// ---- Records (rref.c) ----
extern struct rref *rref_chunks[]; // NULL from the first unused chunk on
// A fresh record, not live yet, charged to DOMAIN; NULL and *error: why not.
struct rref *record_alloc(struct domain *domain, uint64_t pages, int64_t *error);
// The same backwards, for a record that was never live.
void record_cancel(struct rref *record, struct domain *domain);
// Makes a filled-in record known under a new name, which is returned.
rref_t record_publish(struct rref *record, const struct domain *owner, uint64_t offset);
// Record number INDEX with its guard taken, live or not; NULL past the last.
struct rref *record_at(uint32_t index); // without the guard: any of it may change at any time
// How many records from FIRST on lie in a row in memory; 0 past the last. Begin with 0, go on
// behind.
uint32_t records_known(uint32_t first);
struct rref *record_take_index(uint32_t index, interrupt_state *state);
// The same, and frees it if nobody has it any more.
void record_settle(struct rref *record, interrupt_state state);

// ---- In passing (passing.c). The guard is taken where there is a record ----
// One word for each index: the RRef's name with the places of its owner and of the other one added
// to the index, while the record is in passing; else what no name and places add up to. Two domains
// pass it on by compare and swap, without the guard (kernel/gate.S).
extern uint64_t rref_passing[RREFS_MAX];
void passing_init(void); // boot
// From now on OWNER and OTHER may pass it to each other; in place of record_release. Nobody has it
// on loan, pinned, kept, or wants to hear of completions; both have been charged for it.
void passing_begin(struct rref *record, struct domain *owner, struct domain *other,
                   interrupt_state state);
// Its owner is in the record again, and the other one is not charged any more.
void passing_end(struct rref *record);
// RRefs that DOMAIN is charged for though another one owns them at the moment.
uint64_t passing_count(const struct domain *domain);
// Ends that for all of them. False: there were none. No guard held.
bool passing_settle(struct domain *domain);

// May DOMAIN count that much more? What it was charged is credited where it loses the RRef. NULL:
// nobody counts.
bool ledger_charge(struct domain *domain, uint64_t charge);
void ledger_credit(struct domain *domain, uint64_t charge);

// The rest of record_guard where the guard was not free but BEFORE: waits, or ends the passing.
__attribute__((noinline, cold)) void record_guard_late(struct rref *record, uint32_t before);

// Of who holds interrupts off already.
static inline void record_guard_held(struct rref *record)
{
    uint32_t before = __atomic_exchange_n(&record->guard, GUARD_TAKEN, __ATOMIC_ACQUIRE);
    if (before)
        record_guard_late(record, before);
}

static inline void record_release_held(struct rref *record)
{
    __atomic_store_n(&record->guard, 0, __ATOMIC_RELEASE);
}

static inline interrupt_state record_guard(struct rref *record)
{
    interrupt_state state = interrupts_hold();
    record_guard_held(record);
    return state;
}

static inline void record_release(struct rref *record, interrupt_state state)
{
    record_release_held(record);
    interrupts_let(state);
}

// The record of that name if there ever was such a one; it may be another's meanwhile.
static inline __attribute__((always_inline)) struct rref *record_look(rref_t name)
{
    uint32_t index = name >> 32 & (RREFS_MAX - 1);
    // What is read through it comes after it, as hardware has it with an address that was loaded.
    struct rref *chunk = __atomic_load_n(&rref_chunks[index >> CHUNK_SHIFT], __ATOMIC_RELAXED);
    return chunk ? chunk + index % CHUNK_RECORDS : NULL;
}

// The live record of that name, with its guard taken; NULL: there is none.
static inline __attribute__((always_inline)) struct rref *record_take_held(rref_t name)
{
    struct rref *record = record_look(name);
    if (!record)
        return NULL;
    record_guard_held(record);
    if (record->live && record->name == name)
        return record;
    record_release_held(record);
    return NULL;
}

static inline __attribute__((always_inline)) struct rref *record_take(rref_t name,
                                                                      interrupt_state *state)
{
    *state = interrupts_hold();
    struct rref *record = record_take_held(name);
    if (!record)
        interrupts_let(*state);
    return record;
}

static inline uint32_t owner_id(const struct domain *domain)
{
    return domain ? domain->id : OWNER_CORE;
}

// ---- With the guard taken (loan.c) ----
struct loan *loan_find(struct rref *record, uint32_t domain);
struct loan *loan_add(struct rref *record, uint32_t domain); // NULL: too many
void loan_remove(struct rref *record, struct loan *loan);
static inline bool record_is_lent(const struct rref *record)
{
    return record->loan_bound;
}
// Owned by or lent to this domain?
bool record_allows(struct rref *record, const struct domain *domain);
// Ends what is held and posted, completed with STATUS; calls that are still under way end later.
// The event to signal once the guard is released (completion_signal), or NULL.
struct event *loan_end(struct rref *record, struct loan *loan, int64_t status);
// Nobody hears of completions any more. The event whose use is the caller's now, or NULL.
struct event *completion_forget(struct rref *record);
