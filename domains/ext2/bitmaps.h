// SPDX-License-Identifier: MIT
// Which blocks are in use: the library's bitmaps, how they are written, and volume.taken, which
// also has what was freed and must not be used again yet. Within volume_enter.
#pragma once
#include "kept.h"
#include "volume.h"

// Reads the bitmaps of a file system that was opened to be written to. 0 or a negative errno.
int64_t bitmaps_open(void);

// Follows a write-back: all that was freed may be used. Not within an operation.
int64_t taken_renew(void);
void taken_forget(void);

// How many blocks from BLOCK on, which is free, may be used; at most COUNT.
uint32_t blocks_free(uint64_t block, uint32_t count);

// COUNT blocks are in use from now on.
void blocks_use(uint64_t block, uint32_t count);
