// SPDX-License-Identifier: MIT
// RRefs when an instance ends or is replaced: what it had on loan, what it owned, what it kept for
// the next instance of its service.
#include "kernel/abi/error.h"
#include "kernel/heap.h"
#include "kernel/log.h"
#include "kernel/proxy.h"
#include "kernel/registry.h"
#include "microcore/page.h"
#include "microcore/string.h"

// ---- Keeping ----

static bool kept_matches(const struct rref *record, const char *service, uint64_t key)
{
    return record->live && record->kept && record->kept->key == key &&
           !strcmp(record->kept->service, service);
}

// The record that the service keeps under KEY, its guard taken, if it is DOMAIN's or nobody's now.
static struct rref *kept_find(const struct domain *domain, uint64_t key, interrupt_state *state)
{
    struct rref *record;
    for (uint32_t index = 0; (record = record_take_index(index, state)); index++) {
        if (kept_matches(record, domain->proxy->name, key) &&
            (record->owner == OWNER_KEPT || record->owner == domain->id))
            return record;
        record_release(record, *state);
    }
    return NULL;
}

// A thread on its way out of a dead instance may come after the walk that hands on what is kept
// (rref_give_up). With a record's guard taken: where the answer is no, the walk is yet to come
// there.
static bool is_dead(const struct domain *domain)
{
    return domain->version && __atomic_load_n(&domain->version->dead, __ATOMIC_ACQUIRE);
}

// Frees a kept RRef; its guard is taken. DOMAIN: who owned it, NULL: nobody.
static void kept_drop(struct rref *record, struct domain *domain, interrupt_state state)
{
    ledger_credit(domain, record->charge);
    record->owner = OWNER_NOBODY;
    record_settle(record, state);
}

// Names what is kept under KEPT, if it is still DOMAIN's. *before: what it was kept under.
static int64_t kept_set(struct domain *domain, rref_t rref, struct kept *kept, struct kept **before)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    int64_t error = !record ? -EINVAL : 0;
    if (record && (record->owner != domain->id || record->is_window || is_dead(domain)))
        error = -EACCES; // of a dead one, the next instance has perhaps another one under this key
    if (!error) {
        *before = record->kept;
        record->kept = kept;
    }
    if (record)
        record_release(record, state);
    return error;
}

// The same backwards, unless somebody has named, moved or freed it since. What is of no use any
// more: KEPT, or else BEFORE.
static struct kept *kept_reset(rref_t rref, struct kept *kept, struct kept *before)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record || record->kept != kept) {
        if (record)
            record_release(record, state);
        return before;
    }
    record->kept = before;
    if (!before && record->owner == OWNER_KEPT) // its domain has died, and nobody would ask for it
        kept_drop(record, NULL, state);
    else
        record_release(record, state);
    return kept;
}

// May DOMAIN keep NAME under KEY? Another that its service keeps under that key is in the way, and
// what nobody has taken of an earlier instance counts for this one: who crashes again and again
// would keep more and more.
static int64_t kept_check(const struct domain *domain, rref_t name, uint64_t key)
{
    interrupt_state state;
    struct rref *record;
    const char *service = domain->proxy->name;
    uint64_t total = 0;
    for (uint32_t index = 0; (record = record_take_index(index, &state)); index++) {
        bool is_left = record->live && record->owner == OWNER_KEPT && record->kept &&
                       !strcmp(record->kept->service, service);
        bool is_rival = kept_matches(record, service, key) && record->name != name &&
                        (is_left || record->owner == domain->id);
        total += is_left ? record->charge : 0;
        record_release(record, state);
        if (is_rival)
            return -EEXIST;
    }
    total += __atomic_load_n(&domain->ledger, __ATOMIC_RELAXED); // nothing is in passing any more
    return ledger_allows(domain, total) ? 0 : -E2BIG;
}

// Set before the look, so that of two threads with one key at least one sees the other.
int64_t rref_keep(struct domain *domain, rref_t rref, uint64_t key, uint64_t schema)
{
    struct kept *kept = domain->proxy ? core_alloc(sizeof(*kept)) : NULL;
    if (!kept)
        return domain->proxy ? -ENOMEM : -EINVAL;
    string_copy(kept->service, domain->proxy->name, sizeof(kept->service));
    kept->key = key;
    kept->schema = schema;
    struct kept *unused = kept, *before;
    int64_t error = kept_set(domain, rref, kept, &before);
    if (!error) {
        error = kept_check(domain, rref, key);
        unused = error ? kept_reset(rref, kept, before) : before;
    }
    if (unused)
        core_free(unused, sizeof(*unused));
    return error;
}

int64_t rref_kept(struct domain *domain, uint64_t key, uint64_t schema)
{
    interrupt_state state;
    struct rref *record = domain->proxy ? kept_find(domain, key, &state) : NULL;
    if (!record)
        return -ENOENT;
    bool owned = record->owner == domain->id;
    uint64_t found = record->kept->schema;
    if (is_dead(domain)) { // it is the next instance's
        record_release(record, state);
        return -EACCES;
    }
    if (found != schema) {
        kept_drop(record, owned ? domain : NULL, state);
        log_line(LOG_SHOW, "domain", "%s: kept state %lu dropped: schema %lu, not %lu",
                 domain->proxy->name, key, found, schema);
        return -ENOENT;
    }
    int64_t result = (int64_t)record->name;
    if (!owned && ledger_charge(domain, record->charge))
        record->owner = domain->id;
    else if (!owned)
        result = -E2BIG;
    record_release(record, state);
    return result;
}

void rref_drop_kept(const char *service)
{
    interrupt_state state;
    struct rref *record;
    for (uint32_t index = 0; (record = record_take_index(index, &state)); index++) {
        if (record->live && record->owner == OWNER_KEPT && !strcmp(record->kept->service, service))
            kept_drop(record, NULL, state);
        else
            record_release(record, state);
    }
    heap_trim(true);
}

// ---- The end of an instance ----

// OVER: nobody is inside any more, so there are no calls either.
static void record_reclaim(struct rref *record, struct domain *domain, int64_t status, bool keep,
                           bool over, interrupt_state state)
{
    struct event *signalled = NULL, *forgotten = NULL;
    struct loan *loan = record->live ? loan_find(record, domain->id) : NULL;
    if (loan && over)
        loan->calls = 0;
    if (loan)
        signalled = loan_end(record, loan, status);
    if (record->live && record->event && record->event_owner == domain->id)
        forgotten = completion_forget(record);
    if (record->live && record->owner == domain->id) {
        ledger_credit(domain, record->charge);
        record->owner = keep && record->kept ? OWNER_KEPT : OWNER_NOBODY;
    }
    record_settle(record, state);
    completion_signal(signalled);
    if (forgotten)
        object_put(&forgotten->object);
}

static void records_reclaim(struct domain *domain, int64_t status, bool keep, bool over)
{
    interrupt_state state;
    struct rref *record;
    for (uint32_t index = 0; (record = record_take_index(index, &state)); index++)
        record_reclaim(record, domain, status, keep, over, state);
}

void rref_give_up(struct domain *domain, int64_t status)
{
    records_reclaim(domain, status, true, false);
}

void rref_reclaim(struct domain *domain, int64_t status, bool keep)
{
    records_reclaim(domain, status, keep, true);
    heap_forget_domain(domain);
    heap_trim(true);
}

// ---- The replacement of an instance ----

// Loans become NEXT's, except that calls which still run end as the old instance's.
static void loan_transfer(struct rref *record, const struct domain *domain,
                          const struct domain *next)
{
    struct loan *from = loan_find(record, domain->id);
    if (!from || (!from->holds && !from->posts))
        return;
    struct loan *to = loan_find(record, next->id);
    if (!to && !from->calls) {
        from->domain = next->id;
        return;
    }
    if (!to)
        to = loan_add(record, next->id);
    if (!to)
        return; // it ends with the old instance
    to->holds += from->holds;
    to->posts += from->posts;
    from->holds = from->posts = 0;
    if (!from->calls)
        loan_remove(record, from);
}

// A look without the guard: nobody is inside of the domain, so nothing can become its. Short, since
// callers wait while all records are looked at.
static inline bool record_concerns(const struct rref *record, uint32_t domain)
{
    if (record->guard & GUARD_PASSING)
        return true; // perhaps: the guard tells
    if (record->owner == domain || record->event_owner == domain)
        return record->live;
    for (uint32_t i = 0; i < record->loan_bound; i++) {
        if (record->loans[i].domain == domain)
            return record->live;
    }
    return false;
}

static void record_transfer(struct rref *record, struct domain *domain, struct domain *next,
                            uint64_t *moved)
{
    if (record->loan_bound)
        loan_transfer(record, domain, next);
    if (record->event_owner == domain->id)
        record->event_owner = next->id;
    if (record->owner != domain->id || !record->kept)
        return;
    record->owner = next->id;
    *moved += record->charge;
}

// Those of DOMAIN's records that change hands; NEXT NULL: none, they are looked at only, by this
// very code (noipa: else the compiler sees that nothing comes of it). Returns what has moved, as a
// ledger counts.
static __attribute__((noipa)) uint64_t records_transfer(struct domain *domain, struct domain *next)
{
    uint64_t moved = 0;
    uint32_t count;
    for (uint32_t first = 0; (count = records_known(first)); first += count) {
        struct rref *records = record_at(first);
        for (uint32_t i = 0; i < count; i++) {
            struct rref *record = &records[i];
            if (!record_concerns(record, domain->id) || !next)
                continue;
            interrupt_state state = record_guard(record);
            if (record->live)
                record_transfer(record, domain, next, &moved);
            record_release(record, state);
        }
    }
    return moved;
}

void rref_transfer_rehearse(struct domain *domain)
{
    (void)records_transfer(domain, NULL);
}

void rref_transfer(struct domain *domain, struct domain *next)
{
    uint64_t moved = records_transfer(domain, next);
    __atomic_fetch_sub(&domain->ledger, moved, __ATOMIC_RELAXED);
    __atomic_fetch_add(&next->ledger, moved, __ATOMIC_RELAXED);
    heap_forget_domain(domain);
}
