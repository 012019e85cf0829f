// SPDX-License-Identifier: MIT
// RRefs in passing: what lets the gate move one by a single compare and swap.
//
// One that a call has handed on is likely to come back with its return, and to go the same way
// again. So both domains go on counting it, and the word says which of them owns it; a move by the
// gate exchanges the two in the word, and nothing else changes. Whoever takes the record's guard
// for anything else ends that first.
#include "kernel/registry.h"

#define PLACE_SHIFT 32
#define PAIR_NONE   0xFFFF // larger than any pair

_Alignas(PAGE_SIZE) uint64_t rref_passing[RREFS_MAX];

static uint64_t pair_of(const struct domain *owner, const struct domain *other)
{
    return (place_of_slot(owner->slot->index) << 3) + place_of_slot(other->slot->index);
}

// The second of a pair. It is there: it is reclaimed after all records that are its.
static struct domain *pair_domain(uint64_t pair)
{
    return slot_at((pair & 7) | (pair >> 3 & 0x38))->domain;
}

// Nobody's name and places add up to that. A domain may make up any name, but not the index in it,
// which says where the word is.
static uint64_t word_of_none(uint32_t index)
{
    return ((uint64_t)index + PAIR_NONE) << PLACE_SHIFT;
}

void passing_init(void)
{
    for (uint32_t index = 0; index < RREFS_MAX; index++)
        rref_passing[index] = word_of_none(index);
}

void passing_begin(struct rref *record, struct domain *owner, struct domain *other,
                   interrupt_state state)
{
    __atomic_fetch_add(&owner->passing, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&other->passing, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&rref_passing[record->index],
                     record->name + (pair_of(owner, other) << PLACE_SHIFT), __ATOMIC_RELEASE);
    __atomic_store_n(&record->guard, GUARD_PASSING, __ATOMIC_RELEASE);
    interrupts_let(state);
}

void passing_end(struct rref *record)
{
    uint64_t word = __atomic_exchange_n(&rref_passing[record->index], word_of_none(record->index),
                                        __ATOMIC_ACQ_REL);
    uint64_t pair = (word - record->name) >> PLACE_SHIFT;
    struct domain *owner = pair_domain(pair >> 3), *other = pair_domain(pair);
    record->owner = owner->id;
    ledger_credit(other, record->charge);
    __atomic_fetch_sub(&owner->passing, 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&other->passing, 1, __ATOMIC_RELAXED);
}

// Whether DOMAIN counts record INDEX, which is in passing, but does not own it. At this moment.
static bool is_counted_twice(uint32_t index, const struct domain *domain)
{
    uint64_t word = __atomic_load_n(&rref_passing[index], __ATOMIC_ACQUIRE);
    uint64_t pair = (word >> PLACE_SHIFT) - index;
    return word != word_of_none(index) && pair_domain(pair) == domain;
}

static bool concerns_passing(const struct domain *domain)
{
    return __atomic_load_n(&domain->passing, __ATOMIC_RELAXED);
}

uint64_t passing_count(const struct domain *domain)
{
    uint64_t found = 0;
    if (!concerns_passing(domain))
        return 0;
    for (uint32_t first = 0, count; (count = records_known(first)); first += count) {
        for (uint32_t index = first; index < first + count; index++)
            found += is_counted_twice(index, domain);
    }
    return found;
}

bool passing_settle(struct domain *domain)
{
    bool settled = false;
    interrupt_state state;
    if (!domain || !concerns_passing(domain))
        return false;
    for (uint32_t first = 0, count; (count = records_known(first)); first += count) {
        for (uint32_t index = first; index < first + count; index++) {
            if (!is_counted_twice(index, domain))
                continue;
            struct rref *record = record_take_index(index, &state); // which ends it
            record_release(record, state);
            settled = true;
        }
    }
    return settled;
}
