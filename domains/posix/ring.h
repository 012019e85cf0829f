// SPDX-License-Identifier: MIT
// A program's requests that are in flight beyond a system call (domainlib/include/block_ring.h).
//
// Only the thread itself touches its ring, within its calls, and detach, when no thread is inside.
// A request in flight lies in a slot: a window over the program's memory, whose completion comes to
// the ring's event with the slot's number. Nothing is handed over at an update: detach waits for
// what is in flight and tells the program, so each request ends once, in the old instance. How far
// the rings are stands in the program's memory; a call that is issued again goes on from there.
#pragma once
#include <stdint.h>

struct thread;

// Waits, whatever signals come, until nothing of the thread's is in flight, and writes the results.
// Before its memory is copied.
void ring_quiesce(struct thread *thread);
// The same, and the ring is given back. Before the thread's memory goes.
void ring_end(struct thread *thread);
// ring_quiesce for all threads, within detach. 0, or -EBUSY: a device has not answered in time.
int64_t rings_detach(void);
