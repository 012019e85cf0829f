// SPDX-License-Identifier: MIT
// What one instance hands to the next at an update: one RRef with a header that says whose state it
// is, in which schema, and how long; then plain values in the order in which they were written.
//
//     struct state_writer writer = {0};               struct state_reader reader;
//     state_write(&writer, &console, sizeof ...);     state_open(&reader, state, KIND, schema);
//     return state_finish(&writer, KIND, schema);     state_read(&reader, &console, sizeof ...);
//                                                     return state_close(&reader);
//
// Neither needs checks in between: what goes wrong is told at the end. A reader gets zeros from
// then on. Values that are read come from another image: check them like any input.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/rpc.h"

#define STATE_KIND(a, b, c, d)                                                                     \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

struct state_writer {
    rref_t state;            // 0: none yet; the header's place comes first
    uint64_t length, stored; // in all; of these, in the RRef already
    uint64_t room;           // of the RRef
    bool failed;             // out of memory
};

void state_write(struct state_writer *writer, const void *bytes, uint64_t n);

static inline void state_write_u64(struct state_writer *writer, uint64_t value)
{
    state_write(writer, &value, sizeof value);
}

// TEXT with its length; NULL counts as empty. What follows begins at a multiple of 8 again, so that
// it is copied by words.
void state_write_text(struct state_writer *writer, const char *text);

// Ends writing, also where it failed. Value: the RRef, which domain_export returns; -ENOMEM.
RpcResult state_finish(struct state_writer *writer, uint32_t kind, uint64_t schema);

struct state_reader {
    rref_t state;
    uint64_t length, position;    // header included
    uint64_t staged_from, staged; // which bytes have been fetched
    bool failed;                  // too short, or state_refuse, or state_fail
    int64_t error;                // why
};

// Takes STATE over; state_close frees it. The predecessor may still write to it: what was read once
// is what counts.
void state_open(struct state_reader *reader, rref_t state, uint32_t kind, uint64_t schema);
void state_read(struct state_reader *reader, void *bytes, uint64_t n);

static inline uint64_t state_read_u64(struct state_reader *reader)
{
    uint64_t value = 0;
    state_read(reader, &value, sizeof value);
    return value;
}

// A text of at most MAX bytes, allocated, with a NUL; NULL where it failed.
char *state_read_text(struct state_reader *reader, uint64_t max);

// A value makes no sense: what follows is not read.
void state_refuse(struct state_reader *reader);

// What a value stands for cannot be had: ERROR, a negative errno.
void state_fail(struct state_reader *reader, int64_t error);

// Ends reading. 0, or -EINVAL, or what state_fail was told: whatever was read must not be used.
int64_t state_close(struct state_reader *reader);
