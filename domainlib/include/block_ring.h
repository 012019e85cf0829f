// SPDX-License-Identifier: MIT
// Many requests of one program to block devices in flight at once: two rings in the program's
// memory, and one system call (block_ring_enter, user/include/bulkhead.h) that takes what was
// submitted and waits for what has ended. Shared by posix and programs.
//
// The counters only grow (and wrap around at 2^32); entry N of a ring lies at N % size. The program
// writes `requests` and `submitted`, posix the rest, and only within the call. A result's place is
// free again once the program has read it: how many it has at once, in flight and not read, is the
// program's affair, and must not be more than `size`. What is in the rings is believed by nobody.
#pragma once
#include <stdint.h>

#define BLOCK_RING_SIZE_MAX 256
#define BLOCK_RING_DEPTH                                                                           \
    64 // requests of one program in flight; the call waits where there are more

enum { BLOCK_RING_READ, BLOCK_RING_WRITE };

struct block_ring_request {
    uint64_t tag; // comes back with the result
    uint64_t address;
    uint64_t offset; // on the device, bytes; a multiple of 512, as is the length
    uint32_t length;
    int32_t file; // a descriptor of a block device
    uint32_t operation;
    uint32_t reserved;
};

struct block_ring_result {
    uint64_t tag;
    int64_t result; // the length, or a negative errno: nothing or a part was moved
};

struct block_ring {
    uint32_t size;      // entries of each ring, a power of two
    uint32_t submitted; // requests that the program has written so far
    uint32_t taken;     // of these, posix has taken
    uint32_t completed; // results that posix has written so far
    // struct block_ring_request requests[size], then struct block_ring_result results[size]
};

static inline struct block_ring_request *block_ring_requests(struct block_ring *ring)
{
    return (struct block_ring_request *)(ring + 1);
}

static inline struct block_ring_result *block_ring_results(struct block_ring *ring)
{
    return (struct block_ring_result *)(block_ring_requests(ring) + ring->size);
}
