// SPDX-License-Identifier: MIT
// Buffers of our own for transfers that a block device cannot take as they are (it knows whole
// sectors only), and waiting for their requests. A bounce is used by one thread at a time.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "block.h"
#include "kernel/abi/rpc.h"

#define SECTOR_SIZE 512u
#define BOUNCE_SIZE 65536u

struct bounce {
    rref_t buffer;
    handle_t event; // completions of the buffer come here
    bool taken;
};

// Takes a free bounce; sleeps until there is one. NULL: no memory.
struct bounce *bounce_take(void);
void bounce_give(struct bounce *bounce);

// One request on the bounce's buffer, from its start on, waited for. Status 0 or a negative errno
// or transport error. If the device does not answer in 30 s the buffer is given up for good, since
// the device may still write to it: then *BOUNCE becomes NULL.
int64_t bounce_submit(struct bounce **bounce, handle_t service, uint32_t operation, uint64_t offset,
                      uint32_t length);
