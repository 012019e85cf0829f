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
//
// Each value begins at a multiple of 8, so all are copied by words. Callers wait while state is
// handed over: what is written or read piece by piece is inline, and a record may be filled in and
// looked at where it lies (state_room, state_view).
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "kernel/abi/rpc.h"

#define STATE_KIND(a, b, c, d)                                                                     \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

#define STATE_PIECE 4096u // bytes that can be looked at or filled in at once

struct state_writer {
    uint8_t *next, *end; // where the next value goes, and how far there is room
    rref_t state;        // 0: none yet; the header's place comes first
    uint64_t stored;     // bytes that are in it already
    uint64_t room;       // of the RRef
    bool failed;         // out of memory
};

static inline uint64_t state_padded(uint64_t n)
{
    return (n + 7) & ~(uint64_t)7;
}

// For domain_rehearse. A successor hands its own state, which is empty yet, over to itself and
// forgets it; who serves writes its state, and keeps the RRef for the export that counts.
void handover_rehearse(uint64_t schema);
void handover_rehearse_export(uint64_t schema);
// The RRef of the last state that came is kept for the next one. Keeps this one, if there is none;
// gives it back.
void state_spare_keep(rref_t state);
void state_spare_free(void);
// Where none has come, one of so many bytes is made, so that the first update does not have to
// while callers wait.
void state_spare_make(uint64_t bytes);

// The slow ways of what follows.
void state_flush(struct state_writer *writer);
void state_write_long(struct state_writer *writer, const void *bytes, uint64_t n);

// Room for a value of N bytes, at most STATE_PIECE, all of which the caller fills in before it
// writes anything else.
static inline void *state_room(struct state_writer *writer, uint64_t n)
{
    uint64_t padded = state_padded(n);
    if (padded > (uint64_t)(writer->end - writer->next))
        state_flush(writer);
    uint8_t *place = writer->next;
    writer->next = place + padded;
    if (padded != n)
        *(uint64_t *)(void *)(place + padded - 8) = 0;
    return __builtin_assume_aligned(place, 8);
}

static inline void state_write(struct state_writer *writer, const void *bytes, uint64_t n)
{
    if (n > STATE_PIECE)
        state_write_long(writer, bytes, n);
    else if (n)
        memcpy(state_room(writer, n), bytes, n);
}

static inline void state_write_u64(struct state_writer *writer, uint64_t value)
{
    *(uint64_t *)state_room(writer, sizeof value) = value;
}

// TEXT, shorter than STATE_PIECE; NULL counts as empty.
void state_write_text(struct state_writer *writer, const char *text);

// Ends writing, also where it failed. Value: the RRef, which domain_export returns; -ENOMEM.
RpcResult state_finish(struct state_writer *writer, uint32_t kind, uint64_t schema);

struct state_reader {
    const uint8_t *next, *end; // what has been fetched and not been read
    rref_t state;
    uint64_t room;            // of the RRef
    uint64_t length, fetched; // bytes in all, and of these fetched; header included
    bool failed;              // too short, or state_refuse, or state_fail
    int64_t error;            // why
};

// Takes STATE over; state_close keeps it for the next update, or frees it. The predecessor may
// still write to it: what was read once is what counts.
void state_open(struct state_reader *reader, rref_t state, uint32_t kind, uint64_t schema);

// The slow ways of what follows.
const void *state_view_late(struct state_reader *reader, uint64_t n);
void state_read_long(struct state_reader *reader, void *bytes, uint64_t n);

// The next value of N bytes, at most STATE_PIECE, where it lies until anything else is read: in the
// reader's own memory, so that it does not change. Zeros where there is no such value.
static inline const void *state_view(struct state_reader *reader, uint64_t n)
{
    const uint8_t *place = reader->next;
    if (state_padded(n) > (uint64_t)(reader->end - place))
        return state_view_late(reader, n);
    reader->next = place + state_padded(n);
    return __builtin_assume_aligned(place, 8);
}

static inline void state_read(struct state_reader *reader, void *bytes, uint64_t n)
{
    if (n > STATE_PIECE)
        state_read_long(reader, bytes, n);
    else if (n)
        memcpy(bytes, state_view(reader, n), n);
}

static inline uint64_t state_read_u64(struct state_reader *reader)
{
    return *(const uint64_t *)state_view(reader, sizeof(uint64_t));
}

// A text of at most MAX bytes, with a NUL: where it lies, as state_view, or allocated. NULL where
// that failed.
const char *state_view_text(struct state_reader *reader, uint64_t max);
char *state_read_text(struct state_reader *reader, uint64_t max);

// A value makes no sense: what follows is not read.
void state_refuse(struct state_reader *reader);

// What a value stands for cannot be had: ERROR, a negative errno.
void state_fail(struct state_reader *reader, int64_t error);

// Ends reading. 0, or -EINVAL, or what state_fail was told: whatever was read must not be used.
int64_t state_close(struct state_reader *reader);
