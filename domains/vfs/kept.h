// SPDX-License-Identifier: MIT
// What outlives the instance, in RRefs that are kept: which files are open, how large they are, and
// the pages of the cache. The next instance begins with it, after a crash as after an update; there
// is no other state. What it finds there is checked like any input.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "domain.h"
#include "ticket.h"

#define PAGE_BYTES  4096u
#define SLOTS_MAX   16384u // pages in the cache at most
#define POOL_SLOTS  256u   // of them in one RRef
#define POOLS_MAX   (SLOTS_MAX / POOL_SLOTS)
#define FILES_MAX   2048u
#define KEPT_SCHEMA 1

enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_CLEAN, SLOT_DIRTY };

// What lies in a slot: 8 bytes, which are stored at once.
struct slot_record {
    uint32_t page; // of the file
    uint16_t file; // its place in kept->files
    uint8_t state; // enum slot_state
    uint8_t unused;
};

struct file_record {
    uint64_t node;     // the file system's; 0: this place is free
    uint64_t lower;    // the file system's number for it when it is open
    uint64_t size;     // bytes, with those that are only here
    uint64_t modified; // nanoseconds since 1970 of a write that the file system has not seen; or 0
    uint32_t opens;    // through here
    uint32_t generation; // of the place: part of the file's number
    int32_t error;       // of a write-back, to be told once; 0 or a negative errno
    uint32_t unused;
};

// Slots that somebody else is at work on: the file system or the device.
struct flight_record {
    uint16_t first, count; // count 0: none
};

struct kept {
    uint64_t magic;
    uint64_t wall_boot; // see wall.h; 0: not known
    uint64_t hold_node; // opened to write it back, by hold_ticket; 0: none
    uint64_t hold_ticket;
    struct file_record files[FILES_MAX];
    struct slot_record slots[SLOTS_MAX];
    struct flight_record flights[POOLS_MAX];
    struct ticket_book tickets; // of requests that open or close
};

extern struct kept *kept;

// Finds what an earlier instance kept, or makes it. 0 or a negative errno.
int64_t kept_start(void);

// The RRef that a slot lies in, which is made if need be; 0: no memory, or it must not be used yet.
rref_t pool_ready(uint32_t pool);

// The RRef of a slot that is in use, and the slot's offset in it.
rref_t slot_pool(uint32_t slot, uint32_t *offset);

// Whether an earlier instance left somebody at work in the pool: no slot of it is filled anew
// before pool_renew has succeeded.
bool pool_is_suspect(uint32_t pool);
void pool_suspect(uint32_t pool);
bool pools_are_suspect(void); // any of them

// Completions of the pool arrive at pool_event again (FS_WRITE_LENT).
void pool_listen(uint32_t pool);

// Replaces a pool of which no slot is in use any more. False: it is still lent.
bool pool_renew(uint32_t pool);

// Gives back the memory of all pools, of which no slot is in use any more, but for those still
// lent.
void pools_free(void);

// The event at which the completions of all pools arrive; the tag is the pool's number.
extern handle_t pool_event;
