// SPDX-License-Identifier: MIT
// Where the null block device keeps its bytes: RRefs of PIECE_BYTES, made at the first write, kept
// by the core when the instance crashes, passed on when it is replaced. Piece N is kept under key
// N. Pieces are small enough to be zeroed within the time of one call on any host.
#pragma once
#include "domain.h"

#define PIECE_BYTES  262144
#define PIECES_MAX   1024
#define STORE_SCHEMA 1

struct store {
    uint64_t size;             // bytes of the device
    uint64_t count;            // pieces from here on were never written
    rref_t piece[PIECES_MAX];  // 0: never written, reads as zeros
    uint8_t asked[PIECES_MAX]; // 1: what an earlier instance may have left has been asked for
};

extern struct store store;

// Sets the size: MEGABYTES, or a quarter of the machine's memory where that is less.
int64_t store_open(uint64_t megabytes);
// Copy LENGTH bytes between the device at OFFSET and BUFFER at START; the range has been checked.
// 0 or a negative errno.
int64_t store_read(uint64_t offset, rref_t buffer, uint32_t start, uint32_t length);
int64_t store_write(uint64_t offset, rref_t buffer, uint32_t start, uint32_t length);
int64_t store_discard(uint64_t offset, uint32_t length);

// The piece that the whole of a request lies in, if it is there; 0: store_read and store_write
// know.
static inline rref_t store_piece(uint64_t offset, uint32_t length)
{
    if (offset % PIECE_BYTES + length > PIECE_BYTES)
        return 0;
    return __atomic_load_n(&store.piece[offset / PIECE_BYTES], __ATOMIC_ACQUIRE);
}

// ---- Update ----
struct state_writer;
struct state_reader;
void store_export(struct state_writer *writer);
void store_import(struct state_reader *reader);
