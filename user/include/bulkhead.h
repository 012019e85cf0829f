// SPDX-License-Identifier: MIT
// What Bulkhead offers to user programs beyond Linux's system calls.
#pragma once

/* Powers the machine off; QEMU ends with `status` (0 = success). Only returns on failure: -1 and
   errno (ENOSYS on another kernel). */
int poweroff(int status);

/* Takes the requests that have been written to the rings (domainlib/include/block_ring.h), and
   waits until at most `leave` of all that were ever taken are in flight. How many are; or -1 and
   errno: EINTR after a signal (what was taken stays in flight), EINVAL or EFAULT for rings that
   make no sense, EBUSY: other rings have requests in flight, EAGAIN: too many programs use rings,
   ENOSYS on another kernel. What is wrong with one request is told in its result. */
struct block_ring;
int block_ring_enter(struct block_ring *ring, unsigned leave);
