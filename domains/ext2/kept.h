// SPDX-License-Identifier: MIT
// What outlives the instance, in RRefs that are kept: which file system is mounted, which nodes are
// open, and the blocks of the cache. The next instance begins with it, after a crash as after an
// update; there is no other state. What it finds there is checked like any input.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "ticket.h"

#define SLOT_BYTES  4096u // a block of the file system lies in one
#define SLOTS_MAX   4096u
#define POOL_SLOTS  128u
#define OPENS_MAX   2048u
#define KEPT_SCHEMA 2

enum slot_state { SLOT_FREE, SLOT_CLEAN, SLOT_DIRTY };

struct slot_record {
    uint64_t block;
    uint64_t sequence; // of the operation that wrote it; not committed if above kept->committed
    uint8_t state;     // enum slot_state
    uint8_t class;     // enum block_class
    uint8_t used;      // since the search for a victim came by
    uint8_t reserved[5];
};

struct open_record {
    uint32_t inode, count; // count 0: free
};

struct kept {
    uint64_t magic;
    uint32_t mounted, read_only; // 0 or 1
    uint64_t block_size, blocks; // of the device
    uint64_t committed;          // the one store that makes an operation's blocks count
    uint64_t wall_boot;          // see wall.h; 0: not known
    struct slot_record slots[SLOTS_MAX];
    struct open_record opens[OPENS_MAX];
    struct ticket_book tickets; // of requests that open or close
};

extern struct kept *kept;

// Finds what an earlier instance kept, or makes it. 0 or a negative errno.
int64_t kept_start(void);

// The bytes of a slot, whose pool is made if need be; NULL: no memory.
uint8_t *slot_bytes(uint32_t slot);
