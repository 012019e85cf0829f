// SPDX-License-Identifier: MIT
// Where the blocks of a file lie. libext2fs looks that up one block at a time, with a copy of each
// block of addresses on its way, and fills each new block with zeros that are overwritten at once;
// a run of blocks costs little more than one here. Within volume_enter; map_fill within an
// operation.
#pragma once
#include "volume.h"

// Looks up COUNT blocks of the file from FIRST on; 0 for a hole. 0 or a negative errno.
int64_t map_find(ext2_ino_t number, struct ext2_inode *inode, uint64_t first, uint32_t count,
                 blk64_t *blocks);

// The same, but a hole gets a block, whose bytes are whatever they are: the caller writes all of
// it. Bit N of *FRESH, which has MAP_RUN_MAX, tells whether that holds for blocks[N]. INODE is
// changed and not written. -ENOSPC.
#define MAP_RUN_MAX 64u
int64_t map_fill(ext2_ino_t number, struct ext2_inode *inode, uint64_t first, uint32_t count,
                 blk64_t *blocks, uint64_t *fresh);
