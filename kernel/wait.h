// SPDX-License-Identifier: MIT
// Waiting: the only place where a thread sleeps. Every wait can be kicked. Task context, no lock
// held.
#pragma once
#include <stdint.h>

struct event;

// Waits until one of up to WAIT_ITEMS_MAX events has a count other than SEEN. Returns its index,
// -EINTR when kicked, -ETIMEDOUT when DEADLINE (ns since boot) has come.
int64_t wait_events(struct event *const *events, const uint64_t *seen, uint64_t count,
                    uint64_t deadline);
int64_t wait_event(struct event *event, uint64_t seen, uint64_t deadline);

// The same for a domain: within the limit of the method that it serves. -EDEADLK: the limit is
// spent, which is a fault of the domain.
int64_t wait_in_domain(struct event *const *events, const uint64_t *seen, uint64_t count,
                       uint64_t deadline);

uint32_t event_total(void); // in use
