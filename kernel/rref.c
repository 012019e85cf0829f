// SPDX-License-Identifier: MIT
// The registry: which RRefs there are, and who owns each.
#include "kernel/rref.h"
#include "kernel/abi/error.h"
#include "kernel/heap.h"
#include "kernel/registry.h"
#include "kernel/space.h"
#include "microcore/fail.h"
#include "microcore/page.h"

#define CHUNKS      (RREFS_MAX / CHUNK_RECORDS)
#define GENERATIONS 0x8000 // 15 bits in a name; 0 is not used

static struct lock registry_lock = LOCK_INIT(LOCK_RREF, "rref");
struct rref *rref_chunks[CHUNKS];            // kernel/gate.S looks records up as well
static uint32_t record_count;                // records in the chunks so far
static struct rref *free_first, **free_last; // in turn, so that generations last
static uint64_t live_count;

void rref_init(void)
{
    free_last = &free_first;
    passing_init();
}

// ---- Records ----

struct rref *record_at(uint32_t index)
{
    if (index >= __atomic_load_n(&record_count, __ATOMIC_ACQUIRE))
        return NULL;
    return &rref_chunks[index / CHUNK_RECORDS][index % CHUNK_RECORDS];
}

uint32_t records_known(uint32_t first)
{
    return first < __atomic_load_n(&record_count, __ATOMIC_ACQUIRE) ? CHUNK_RECORDS : 0;
}

// Under registry_lock.
static void record_queue(struct rref *record)
{
    record->next_free = NULL;
    *free_last = record;
    free_last = &record->next_free;
}

static void chunk_add(void)
{
    struct rref *chunk = NULL;
    if (record_count < RREFS_MAX)
        chunk = core_alloc_kept(CHUNK_RECORDS * sizeof(*chunk));
    if (!chunk)
        return;
    __atomic_store_n(&rref_chunks[record_count / CHUNK_RECORDS], chunk, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < CHUNK_RECORDS; i++) {
        chunk[i].index = record_count + i;
        record_queue(&chunk[i]);
    }
    __atomic_store_n(&record_count, record_count + CHUNK_RECORDS, __ATOMIC_RELEASE);
}

struct rref *record_alloc(struct domain *domain, uint64_t pages, int64_t *error)
{
    uint64_t charge = LEDGER_RREF + pages;
    *error = -E2BIG;
    if (!ledger_charge(domain, charge) &&
        !(passing_settle(domain) && ledger_charge(domain, charge)))
        return NULL;
    interrupt_state state = lock_take(&registry_lock);
    if (!free_first)
        chunk_add();
    struct rref *record = fail_now(FAIL_RREF) ? NULL : free_first;
    if (record) {
        free_first = record->next_free;
        if (!free_first)
            free_last = &free_first;
        live_count++;
    }
    lock_release(&registry_lock, state);
    *error = -ENOMEM;
    if (record)
        record->charge = charge;
    else
        ledger_credit(domain, charge);
    return record;
}

static void record_free(struct rref *record)
{
    interrupt_state state = lock_take(&registry_lock);
    record_queue(record);
    live_count--;
    lock_release(&registry_lock, state);
}

void record_cancel(struct rref *record, struct domain *domain)
{
    ledger_credit(domain, record->charge);
    record_free(record);
}

void record_guard_late(struct rref *record, uint32_t before)
{
    while (before) {
        if (before & GUARD_PASSING) {
            passing_end(record);
            break;
        }
        before = __atomic_exchange_n(&record->guard, GUARD_TAKEN, __ATOMIC_ACQUIRE);
    }
}

struct rref *record_take_index(uint32_t index, interrupt_state *state)
{
    struct rref *record = record_at(index);
    if (record)
        *state = record_guard(record);
    return record;
}

rref_t record_publish(struct rref *record, const struct domain *owner, uint64_t offset)
{
    interrupt_state state = record_guard(record);
    record->generation = (record->generation + 1) % GENERATIONS;
    if (!record->generation)
        record->generation = 1;
    rref_t name = (rref_t)record->generation << 48 | (rref_t)record->index << 32 | offset;
    record->name = name;
    record->owner = owner_id(owner);
    record->live = true;
    record_release(record, state);
    return name;
}

// A record that is no longer live, so that nobody else finds it. Out of line: most settle for less.
static __attribute__((noinline)) void record_dispose(struct rref *record)
{
    struct event *event = completion_forget(record);
    if (event)
        object_put(&event->object);
    if (record->kept)
        core_free(record->kept, sizeof(*record->kept));
    record->kept = NULL;
    if (record->is_window && record->space)
        object_put(&record->space->object);
    if (!record->is_window)
        heap_free((uint32_t)record->name, record->length);
    record->is_window = false;
    record->space = NULL;
    record_free(record);
}

void record_settle(struct rref *record, interrupt_state state)
{
    bool over = false;
    if (record->live && record->owner == OWNER_NOBODY) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST); // the owner before the copies: see transfer_end
        over = !record->pinned && !record_is_lent(record);
    }
    if (over)
        record->live = false;
    record_release(record, state);
    if (over)
        record_dispose(record);
}

// ---- Ledger ----

bool ledger_charge(struct domain *domain, uint64_t charge)
{
    if (!domain)
        return true;
    if (ledger_allows(domain, __atomic_add_fetch(&domain->ledger, charge, __ATOMIC_RELAXED)))
        return true;
    ledger_credit(domain, charge);
    return false;
}

void ledger_credit(struct domain *domain, uint64_t charge)
{
    if (domain)
        __atomic_fetch_sub(&domain->ledger, charge, __ATOMIC_RELAXED);
}

uint64_t rref_count_owned(const struct domain *domain)
{
    uint64_t passing = passing_count(domain), charged = ledger_rrefs(domain);
    return charged > passing ? charged - passing : 0; // others may move some in between
}

uint64_t rref_count_free(void)
{
    return RREFS_MAX - __atomic_load_n(&live_count, __ATOMIC_RELAXED);
}

// ---- Owners ----

int64_t rref_alloc(struct domain *domain, uint64_t bytes, uint64_t type)
{
    if (!bytes || bytes > SLOT_SHARED_LIMIT - SLOT_SHARED)
        return -EINVAL;
    int64_t error;
    uint64_t pages = heap_pages(bytes);
    struct rref *record = record_alloc(domain, pages, &error);
    if (!record)
        return error;
    uint64_t offset = heap_alloc(domain, bytes, record->index);
    if (!offset) {
        record_cancel(record, domain);
        return -ENOMEM;
    }
    record->length = bytes;
    record->type = type;
    return (int64_t)record_publish(record, domain, offset);
}

int64_t rref_free(struct domain *domain, rref_t rref)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    int64_t error = 0;
    if (record->owner != owner_id(domain))
        error = -EACCES;
    else if (record_is_lent(record) || record->pinned)
        error = -EBUSY;
    else
        record->owner = OWNER_NOBODY;
    if (!error)
        ledger_credit(domain, record->charge);
    record_settle(record, state);
    heap_trim(false);
    return error;
}

int64_t rref_length(struct domain *domain, rref_t rref)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    int64_t length = record_allows(record, domain) ? (int64_t)record->length : -EACCES;
    record_release(record, state);
    return length;
}

// Both are domains that may pass it on to each other from now on.
static bool may_pass(const struct domain *owner, const struct domain *next)
{
    return owner && owner->slot && next && next->slot;
}

static int64_t move_once(struct domain *owner, rref_t rref, struct domain *next)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return RPC_DENIED;
    bool denied = record->owner != owner_id(owner) || record_is_lent(record) || record->pinned;
    bool full = !denied && !ledger_charge(next, record->charge);
    bool moves = !denied && !full, passes = moves && may_pass(owner, next);
    struct event *event = NULL;
    struct kept *kept = NULL;
    if (moves) {
        record->owner = owner_id(next);
        event = completion_forget(record);
        kept = record->kept; // it was the giver's
        record->kept = NULL;
    }
    if (moves && !passes)
        ledger_credit(owner, record->charge);
    if (passes)
        passing_begin(record, next, owner, state);
    else
        record_release(record, state);
    if (event)
        object_put(&event->object);
    if (kept)
        core_free(kept, sizeof(*kept));
    return denied ? RPC_DENIED : full ? RPC_NO_MEMORY : RPC_OK;
}

int64_t rref_move(struct domain *owner, rref_t rref, struct domain *next)
{
    int64_t moved = move_once(owner, rref, next);
    if (moved == RPC_NO_MEMORY && passing_settle(next))
        moved = move_once(owner, rref, next);
    return moved;
}

bool rref_reaches(const struct domain *domain, uint32_t index)
{
    interrupt_state state;
    struct rref *record = record_take_index(index, &state);
    if (!record)
        return false;
    bool reaches = record->live && record_allows(record, domain);
    record_release(record, state);
    return reaches;
}
