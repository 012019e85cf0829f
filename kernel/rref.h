// SPDX-License-Identifier: MIT
// RRefs: buffers with one owner at a time, in a heap that all slots share by offset.
//
// The registry is in core memory. Owner, loans and pins of an RRef change together, under a guard
// of its own that is one word taken by compare and swap, so that of two threads that pass one RRef
// at once only one succeeds (the loser gets RPC_DENIED). kernel/registry.h has the records. A
// window is an RRef over pinned user pages: no address, moved only by rref_read and rref_write.
//
// LOCK_RREF covers the free list and the heap's page records (kernel/heap.h). Nothing here sleeps,
// and nothing but rref_reaches may be called with a lock held.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/rpc.h"

struct domain;
struct event;
struct rref; // a record (kernel/registry.h)
struct slot;
struct space;

#define RREFS_MAX 65536

void rref_init(void); // boot

// ---- Core entries' work; DOMAIN is the caller's. Values >= 0 or a negative errno. ----
int64_t rref_alloc(struct domain *domain, uint64_t bytes, uint64_t type);
int64_t rref_window(struct domain *domain, struct space *space, uint64_t address, uint64_t bytes,
                    uint64_t protection);
// The window RREF shows other bytes from now on; BYTES 0: none, its pages are let go. -EBUSY while
// it is lent or posted. After an error it shows none, or as before.
int64_t rref_window_aim(struct domain *domain, rref_t rref, struct space *space, uint64_t address,
                        uint64_t bytes, uint64_t protection);
int64_t rref_free(struct domain *domain, rref_t rref); // -EBUSY while lent or posted
int64_t rref_length(struct domain *domain, rref_t rref);
int64_t rref_write(struct domain *domain, rref_t rref, uint64_t offset, uint64_t source,
                   uint64_t bytes);
int64_t rref_read(struct domain *domain, rref_t rref, uint64_t offset, uint64_t target,
                  uint64_t bytes);
int64_t rref_copy(struct domain *domain, rref_t target, uint64_t target_offset, rref_t source,
                  uint64_t source_offset, uint64_t bytes);
int64_t rref_fill(struct domain *domain, rref_t rref, uint64_t offset, int byte, uint64_t bytes);
// The core itself reads an RRef of DOMAIN's, into its own memory.
int64_t rref_copy_in(struct domain *domain, rref_t rref, uint64_t offset, void *target,
                     uint64_t bytes);
// For the next instance of DOMAIN's service. -EEXIST: that has one under KEY, perhaps only just, of
// another thread. -E2BIG: with what an earlier instance has left and nobody took it is too much.
int64_t rref_keep(struct domain *domain, rref_t rref, uint64_t key, uint64_t schema);
int64_t rref_kept(struct domain *domain, uint64_t key, uint64_t schema);
int64_t rref_hold(struct domain *domain, rref_t rref);
// One hold or post of a loan ends. The owner hears of it now, or as soon as no call with it is
// under way and no device has it. -EACCES: there is none.
int64_t rref_complete(struct domain *domain, rref_t rref, int64_t status);
// For the owner, or a borrower that lends it on and waits meanwhile: whoever asked last hears of
// it.
int64_t rref_completion(struct domain *domain, rref_t rref, struct event *event, uint64_t tag);
// Takes up to MAX records of ended loans from an event into RECORDS (core memory).
struct completion;
uint64_t completion_reap(struct event *event, struct completion *records, uint64_t max);
// The same for one. False: there is none. *still_lent: may anybody have the RRef yet?
bool completion_take(struct event *event, struct completion *completion, bool *still_lent);

// ---- The gate's slow path ----
// RPC_OK or RPC_DENIED. Lend: the borrow count goes up; the borrower may be any number of domains.
int64_t rref_lend(struct domain *owner_or_borrower, rref_t rref, struct domain *borrower);
// The call is over: the loan ends, unless the borrower holds or posted it.
void rref_return(rref_t rref, struct domain *borrower);
// The call that brought it has crashed, and its caller learns that from the call: what the borrower
// held or posted because of it completes no more. Before rref_return.
void rref_disclaim(rref_t rref, const struct domain *borrower);
// Moves ownership; the RRef must not be lent or posted. RPC_NO_MEMORY: NEXT is at its limit.
int64_t rref_move(struct domain *owner, rref_t rref, struct domain *next);

// ---- Faults, reclamation ----
// Does DOMAIN own the RRef with this registry index, or was it lent it? Any context
// (kernel/heap.c).
bool rref_reaches(const struct domain *domain, uint32_t index);
// Everything that DOMAIN holds: held loans complete with STATUS, owned RRefs are freed (kept ones
// stay with the service's name for the next instance when KEEP). Task context.
void rref_reclaim(struct domain *domain, int64_t status, bool keep);
// The same, kept ones kept, while threads are still on their way out: their calls' loans stay, and
// so does what they may yet get.
void rref_give_up(struct domain *domain, int64_t status);
// The service NAME is stopped for good: what it kept is freed.
void rref_drop_kept(const char *service);
// The instance is being replaced: NEXT becomes owner of all that DOMAIN kept, and its loans are
// NEXT's. What else it owns goes with it.
void rref_transfer(struct domain *domain, struct domain *next);
// Looks at what rref_transfer will look at, and changes nothing: it is quicker after that. DOMAIN
// may be at work.
void rref_transfer_rehearse(struct domain *domain);
uint64_t rref_count_owned(const struct domain *domain);
uint64_t rref_count_free(void);

// ---- Devices (kernel/virtqueue.c) ----
// Pinned: neither freed nor moved until unpinned, so its record keeps its name and bytes. A lent
// one stays on loan until rref_complete or rref_end. 0, -EINVAL or -EACCES (DOMAIN neither owns it
// nor was lent it).
int rref_pin(struct domain *domain, rref_t rref, struct rref **record);
// A piece of a pinned one as physical memory: at most *length bytes from OFFSET on that are
// contiguous. 0, -EFAULT (it has no such bytes) or -EACCES (a read-only window).
int rref_physical(const struct rref *record, uint64_t offset, bool device_writes,
                  uint64_t *physical, uint64_t *length);
// REFUSED: the domain whose request was not posted after all; NULL: the device is done with it.
void rref_unpin(struct rref *record, const struct domain *refused);
// Both of these also in an interrupt and under LOCK_DEVICE, where nothing can be freed: false, and
// nothing has changed, if it might have to be, since its owner is gone; or if completions of others
// wait for this pin to go.
bool rref_unpin_early(struct rref *record);
// The device is done with what BORROWER posted, and that was all: the pin and the loan end, with
// status 0. *event: to be signalled (completion_signal), or NULL. False also if there is no such
// loan.
bool rref_end(struct rref *record, const struct domain *borrower, struct event **event);
// Signals and gives up the use; EVENT may be NULL. No guard held.
void completion_signal(struct event *event);
