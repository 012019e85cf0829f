// SPDX-License-Identifier: MIT
// Blocks that describe themselves, so that a read proves what it read.
//
// Every 512 bytes begin with their own address, the generation of the write that made them and a
// checksum; the rest is noise that follows from these. A lost, torn, stale or misplaced write
// shows.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills `length` bytes (a multiple of 512) for device address `address`. */
void block_fill(void *bytes, size_t length, uint64_t address, uint32_t generation, uint64_t seed);

/* True if the bytes are what block_fill() made of the same values. */
bool block_check(const void *bytes, size_t length, uint64_t address, uint32_t generation,
                 uint64_t seed);
