// SPDX-License-Identifier: MIT
// Loans of RRefs: for a call, or past it until the borrower completes them; and how the owner
// hears.
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/registry.h"
#include "kernel/window.h"
#include <stddef.h>

struct loan *loan_find(struct rref *record, uint32_t domain)
{
    for (struct loan *loan = record->loans; loan < record->loans + record->loan_bound; loan++) {
        if (loan->domain == domain)
            return loan;
    }
    return NULL;
}

struct loan *loan_add(struct rref *record, uint32_t domain)
{
    struct loan *loan = loan_find(record, 0);
    if (!loan && record->loan_bound < LOANS_MAX)
        loan = &record->loans[record->loan_bound++];
    if (loan)
        loan->domain = domain;
    return loan;
}

void loan_remove(struct rref *record, struct loan *loan)
{
    loan->domain = 0;
    loan->lost = false;
    while (record->loan_bound && !record->loans[record->loan_bound - 1].domain)
        record->loan_bound--;
}

bool record_allows(struct rref *record, const struct domain *domain)
{
    return record->owner == owner_id(domain) || (domain && loan_find(record, domain->id));
}

// ---- Completions ----

// Queues COUNT completions at the event, if somebody asked. Returns it with a use, to be signalled.
static __attribute__((noinline)) struct event *completion_queue(struct rref *record, uint32_t count,
                                                                int64_t status)
{
    struct event *event = record->event;
    if (!event)
        return NULL;
    interrupt_state state = lock_take(&event->lock);
    if (!record->queued) {
        record->status = 0;
        record->next = NULL;
        *event->completed_tail = record;
        event->completed_tail = &record->next;
    }
    record->queued += count;
    if (!record->status)
        record->status = status;
    lock_release(&event->lock, state);
    object_get(&event->object);
    return event;
}

void completion_signal(struct event *event)
{
    if (!event)
        return;
    event_signal(event);
    object_put(&event->object);
}

struct event *completion_forget(struct rref *record)
{
    struct event *event = record->event;
    if (!event)
        return NULL;
    interrupt_state state = lock_take(&event->lock);
    if (record->queued) {
        struct rref **link = &event->completed;
        while (*link != record)
            link = &(*link)->next;
        *link = record->next;
        if (!record->next)
            event->completed_tail = link;
        record->queued = 0;
    }
    lock_release(&event->lock, state);
    record->event = NULL;
    return event;
}

int64_t rref_completion(struct domain *domain, rref_t rref, struct event *event, uint64_t tag)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    bool allowed = record_allows(record, domain);
    struct event *before = NULL;
    if (allowed) {
        before = completion_forget(record);
        object_get(&event->object);
        record->event = event;
        record->event_owner = owner_id(domain);
        record->tag = tag;
    }
    record_release(record, state);
    if (before)
        object_put(&before->object);
    return allowed ? 0 : -EACCES;
}

// The RRef whose record it is; NULL: there is none. Under the event's lock.
static inline struct rref *completion_next(struct event *event, struct completion *completion)
{
    struct rref *record = event->completed;
    if (!record)
        return NULL;
    *completion = (struct completion){record->tag, record->status};
    if (--record->queued)
        return record;
    event->completed = record->next;
    if (!event->completed)
        event->completed_tail = &event->completed;
    return record;
}

uint64_t completion_reap(struct event *event, struct completion *records, uint64_t max)
{
    uint64_t count = 0;
    interrupt_state state = lock_take(&event->lock);
    while (count < max && completion_next(event, &records[count]))
        count++;
    lock_release(&event->lock, state);
    return count;
}

// Without the guard, which comes before the event's lock: who has it is read before what is pinned,
// and nobody else lends it, so what is over is over, and what is not may be so a moment later.
bool completion_take(struct event *event, struct completion *completion, bool *still_lent)
{
    if (!__atomic_load_n(&event->completed, __ATOMIC_RELAXED))
        return false; // one that comes now is signalled as well
    interrupt_state state = lock_take(&event->lock);
    struct rref *record = completion_next(event, completion);
    if (record)
        *still_lent = __atomic_load_n(&record->loan_bound, __ATOMIC_ACQUIRE) ||
                      __atomic_load_n(&record->pinned, __ATOMIC_ACQUIRE);
    lock_release(&event->lock, state);
    return record != NULL;
}

// ---- Loans ----

// Ends the loan if nothing holds it any more, and tells the owner of what is completed.
static struct event *loan_settle(struct rref *record, struct loan *loan)
{
    if (loan->calls)
        return NULL;
    bool held = loan->holds || loan->posts;
    struct event *event = NULL;
    if (loan->completed) {
        if (!held && record->pins && !loan->lost) {
            record->untold = true;
            return NULL;
        }
        event = completion_queue(record, loan->completed, loan->status);
        loan->completed = 0;
        loan->status = 0;
    }
    if (!held)
        loan_remove(record, loan);
    return event;
}

static void loan_complete(struct loan *loan, int64_t status)
{
    loan->holds -= loan->holds > 0;
    loan->posts -= loan->posts > 0;
    loan->completed++;
    if (!loan->status)
        loan->status = status;
}

struct event *loan_end(struct rref *record, struct loan *loan, int64_t status)
{
    loan->lost = true;
    while (loan->holds || loan->posts)
        loan_complete(loan, status);
    return loan_settle(record, loan);
}

int64_t rref_lend(struct domain *lender, rref_t rref, struct domain *borrower)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return RPC_DENIED;
    struct loan *loan = NULL;
    bool first = false;
    if (record_allows(record, lender)) {
        loan = loan_find(record, borrower->id);
        first = !loan;
        if (first)
            loan = loan_add(record, borrower->id);
    }
    bool lent = loan && loan->calls < UINT16_MAX;
    if (lent) {
        loan->first = first;
        loan->calls++;
    }
    record_release(record, state);
    return lent ? RPC_OK : RPC_DENIED;
}

void rref_disclaim(rref_t rref, const struct domain *borrower)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return;
    struct loan *loan = loan_find(record, borrower->id);
    if (loan && loan->first) {
        loan->holds = loan->posts = loan->completed = 0;
        loan->status = 0;
    }
    record_release(record, state);
}

void rref_return(rref_t rref, struct domain *borrower)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return;
    struct event *event = NULL;
    struct loan *loan = loan_find(record, borrower->id);
    if (loan && loan->calls) {
        loan->calls--;
        loan->first = false;
        event = loan_settle(record, loan);
    }
    record_settle(record, state);
    completion_signal(event);
}

int64_t rref_hold(struct domain *domain, rref_t rref)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    struct loan *loan = loan_find(record, domain->id);
    bool held = loan && loan->holds < UINT16_MAX;
    if (held)
        loan->holds++;
    record_release(record, state);
    return held ? 0 : -EACCES;
}

int64_t rref_complete(struct domain *domain, rref_t rref, int64_t status)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    int64_t error = 0;
    struct event *event = NULL;
    struct loan *loan = loan_find(record, domain->id);
    if (!loan || (!loan->holds && !loan->posts)) {
        error = -EACCES;
    } else {
        loan_complete(loan, status);
        event = loan_settle(record, loan);
    }
    record_settle(record, state);
    completion_signal(event);
    return error;
}

// ---- Devices ----

int rref_pin(struct domain *domain, rref_t rref, struct rref **pinned)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    *pinned = record;
    struct loan *loan = loan_find(record, domain->id);
    bool allowed = loan ? loan->posts < UINT16_MAX : record->owner == domain->id;
    if (allowed) {
        record->pins++;
        if (loan && !loan->holds) // one that is held lasts anyway, however often it is posted
            loan->posts++;
    }
    bool unseen = allowed && record->is_window && !record->frames.count && !window_pin_held(record);
    record_release(record, state);
    if (!allowed)
        return -EACCES;
    int error = unseen ? window_pin(record) : 0;
    if (error)
        rref_unpin(record, domain);
    return error;
}

// A pin goes, with the guard taken. The frames are to be put, once that is released.
static inline struct pinned_frames pin_end(struct rref *record)
{
    if (--record->pins || !record->is_window)
        return (struct pinned_frames){0};
    return window_unpin(record);
}

// A post was refused, or there are completions that may be told now that no device has the RRef.
// The events to be signalled go to EVENTS; how many.
static __attribute__((noinline)) uint32_t
unpin_settle(struct rref *record, const struct domain *refused, struct event *events[LOANS_MAX])
{
    uint32_t count = 0;
    struct loan *loan = refused ? loan_find(record, refused->id) : NULL;
    if (loan && loan->posts && !loan->holds)
        loan->posts--;
    record->untold = false;                           // or it is set again
    for (uint32_t i = record->loan_bound; i-- > 0;) { // loan_remove lowers the bound
        struct loan *each = &record->loans[i];
        struct event *event = each->domain ? loan_settle(record, each) : NULL;
        if (event)
            events[count++] = event;
    }
    return count;
}

void rref_unpin(struct rref *record, const struct domain *refused)
{
    struct event *events[LOANS_MAX];
    uint32_t count = 0;
    interrupt_state state = record_guard(record);
    struct pinned_frames frames = pin_end(record);
    if (refused || record->untold)
        count = unpin_settle(record, refused, events);
    record_settle(record, state);
    frames_put(&frames);
    while (count-- > 0)
        completion_signal(events[count]);
}

bool rref_unpin_early(struct rref *record)
{
    interrupt_state state = record_guard(record);
    bool unpinned = record->owner != OWNER_NOBODY && !record->untold;
    struct pinned_frames frames = {0};
    if (unpinned)
        frames = pin_end(record);
    record_release(record, state);
    frames_put(&frames);
    return unpinned;
}

bool rref_end(struct rref *record, const struct domain *borrower, struct event **event)
{
    interrupt_state state = record_guard(record);
    struct loan *loan = loan_find(record, borrower->id);
    bool ended =
        loan && (loan->holds || loan->posts) && record->owner != OWNER_NOBODY && !record->untold;
    struct pinned_frames frames = {0};
    *event = NULL;
    if (ended) {
        frames = pin_end(record);
        loan_complete(loan, 0);
        *event = loan_settle(record, loan);
    }
    record_release(record, state);
    frames_put(&frames);
    return ended;
}
