// SPDX-License-Identifier: MIT
// Memory that outlives the instance: the tree lies in RRefs that are kept, so that an update copies
// none of it and a crash loses none of it. Addresses in RRefs mean the same in every slot, if only
// their low 32 bits count: pointers into the arena have no others, and stay right in a successor.
//
// There is nothing between the pieces: who frees says how long a piece was. Which units are in use
// is in private memory; after a crash it is found out anew by marking what the tree reaches.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/rpc.h"
#include "ticket.h"

#define ARENA_SCHEMA 2
#define POOL_BYTES   524288u // also the longest piece
#define POOLS_MAX    512u    // 256 MiB
#define UNIT         64u     // pieces are whole units

// What everything else is reached from.
struct arena_root {
    uint32_t magic;
    uint32_t complete;                                // 1: the tree was built to its end
    uint32_t pools;                                   // how many there have been at most
    uint32_t place_count, place_capacity, first_free; // of node.c
    struct place *places;
    uint64_t wall_boot;         // see wall.h; 0: not known
    struct ticket_book tickets; // of requests that open or close
};

extern struct arena_root *arena_root;

// A new arena, without a pool. 0 or a negative errno.
int64_t arena_create(void);

// What a crashed instance has left, with everything free until it is marked. False: nothing.
bool arena_recover(void);
// Marks a piece that the tree reaches. False: it does not lie in the arena, or another has it.
bool arena_mark(const void *piece, uint64_t bytes);
bool arena_contains(const void *piece, uint64_t bytes);
// Gives back pools of which nothing is marked.
void arena_trim(void);
// Gives everything back: it is of no use.
void arena_drop(void);

// A piece of zeros, or NULL.
void *arena_alloc(uint64_t bytes);
void arena_free(void *piece, uint64_t bytes);
// A longer piece with the same bytes at its start, the old one freed; NULL: it stays.
void *arena_grow(void *piece, uint64_t bytes, uint64_t larger);

// How many bytes of pieces there may be beside those that there are, which have *USED. A long piece
// may find no room that is in one.
uint64_t arena_room(uint64_t *used);

struct state_writer;
struct state_reader;
void arena_export(struct state_writer *writer);
void arena_import(struct state_reader *reader);
