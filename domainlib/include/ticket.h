// SPDX-License-Identifier: MIT
// Requests that a service must count once, though the shadow repeats them after a crash: each
// carries a ticket that no other request has. The service keeps the last ticket of each thread that
// it has counted. That is enough: a thread makes one request at a time, and repeats it before any
// other.
//
// The book lies in kept memory, beside the count. A crash may come between the two stores; the
// service puts them in the order that counts too much then, not too little.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/layout.h"

#define TICKET_NONE 0 // of a request that nobody repeats: it is counted each time

struct ticket_book {
    uint64_t last[STACK_THREADS];
};

// For the caller: a new ticket of the running thread. Not even an earlier instance has given it
// out.
uint64_t ticket_take(void);

// Which thread's it is says the ticket itself: who lies about that harms its own counts.
static inline bool ticket_is_counted(const struct ticket_book *book, uint64_t ticket)
{
    return ticket != TICKET_NONE && book->last[ticket % STACK_THREADS] == ticket;
}

static inline void ticket_count(struct ticket_book *book, uint64_t ticket)
{
    if (ticket != TICKET_NONE)
        __atomic_store_n(&book->last[ticket % STACK_THREADS], ticket, __ATOMIC_SEQ_CST);
}

// It is to be counted again if it comes again.
static inline void ticket_forget(struct ticket_book *book, uint64_t ticket)
{
    __atomic_store_n(&book->last[ticket % STACK_THREADS], TICKET_NONE, __ATOMIC_SEQ_CST);
}
