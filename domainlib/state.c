// SPDX-License-Identifier: MIT
#include "state.h"
#include <errno.h>
#include <stdlib.h>
#include "core.h"
#include "log.h"

struct header {
    uint32_t kind, schema;
    uint64_t length; // of what follows, and the LAYOUT above
};

// Where values begin: at multiples of 8. Images from before that refuse the length, and are
// refused.
#define LAYOUT ((uint64_t)1 << 48)

#define SPARE_MAX   65536u // bytes that may wait for the next update
#define FIRST_FETCH 2560u  // bytes that are read before it is known how many there are

// Bytes pass through here: the core moves them between this and the RRef, so that no page of the
// RRef is entered into a slot while callers wait. One export or import at a time.
static uint8_t stage[sizeof(struct header) + STATE_PIECE] __attribute__((aligned(8)));

// The RRef of the last state that came: the next one is written over it, so that an update neither
// makes nor frees one while callers wait. 0: none.
static rref_t spare;
static uint64_t spare_room;

// ---- Writing ----

static bool spare_take(struct state_writer *writer, uint64_t needed)
{
    if (writer->state || !spare || needed > spare_room)
        return false;
    writer->state = spare;
    writer->room = spare_room;
    spare = 0;
    return true;
}

// Room for NEEDED bytes in all, in a larger RRef if need be.
static bool room_make(struct state_writer *writer, uint64_t needed)
{
    uint64_t room = needed < 2 * writer->room ? 2 * writer->room : needed;
    if (needed <= writer->room || spare_take(writer, needed))
        return true;
    int64_t larger = core_rref_alloc(room, 0);
    if (larger < 0)
        return false;
    if (writer->state) {
        core_rref_copy((rref_t)larger, 0, writer->state, 0, writer->stored);
        core_rref_free(writer->state);
    }
    writer->state = (rref_t)larger;
    writer->room = room;
    return true;
}

static void bytes_store(struct state_writer *writer, const void *bytes, uint64_t n)
{
    uint64_t end = writer->stored + state_padded(n);
    if (!writer->failed &&
        (!room_make(writer, end) || core_rref_write(writer->state, writer->stored, bytes, n) < 0))
        writer->failed = true;
    writer->stored = end;
}

// Makes room in the stage. The header comes at the end, but has its place at the beginning.
void state_flush(struct state_writer *writer)
{
    bool begins = !writer->end;
    if (!begins)
        bytes_store(writer, stage, (uint64_t)(writer->next - stage));
    writer->next = begins ? stage + sizeof(struct header) : stage;
    writer->end = stage + sizeof stage;
}

void state_write_long(struct state_writer *writer, const void *bytes, uint64_t n)
{
    if (!writer->end)
        state_flush(writer);
    state_flush(writer);
    bytes_store(writer, bytes, n);
}

void state_write_text(struct state_writer *writer, const char *text)
{
    uint64_t length = text ? strlen(text) : 0;
    state_write_u64(writer, length);
    state_write(writer, text ? text : "", length + 1);
}

RpcResult state_finish(struct state_writer *writer, uint32_t kind, uint64_t schema)
{
    if (!writer->end)
        state_flush(writer);
    uint64_t length = writer->stored + (uint64_t)(writer->next - stage);
    const struct header header = {kind, (uint32_t)schema, LAYOUT + length - sizeof header};
    bool apart = writer->stored > 0;
    if (!apart)
        memcpy(stage, &header, sizeof header);
    state_flush(writer);
    if (apart && !writer->failed)
        writer->failed = core_rref_write(writer->state, 0, &header, sizeof header) < 0;
    if (!writer->failed)
        return rpc_ok(writer->state);
    if (writer->state)
        core_rref_free(writer->state);
    return rpc_error(-ENOMEM);
}

// ---- Reading ----

// Bytes that have not been read yet.
static uint64_t bytes_left(const struct state_reader *reader)
{
    return reader->length - reader->fetched + (uint64_t)(reader->end - reader->next);
}

// The stage gets what follows: N bytes, or all where there are less.
static bool stage_fill(struct state_reader *reader, uint64_t n)
{
    uint64_t left = bytes_left(reader);
    n = left < n ? left : n;
    uint64_t position = reader->length - left;
    reader->next = stage;
    reader->end = stage + n;
    reader->fetched = position + n;
    return core_rref_read(reader->state, position, stage, n) >= 0;
}

void state_open(struct state_reader *reader, rref_t state, uint32_t kind, uint64_t schema)
{
    const struct header *header = (const struct header *)stage;
    int64_t length = core_rref_length(state);
    uint64_t room = length < 0 ? 0 : (uint64_t)length;
    *reader = (struct state_reader){
        .next = stage, .end = stage, .state = state, .length = room, .room = room};
    reader->failed = room < sizeof *header || !stage_fill(reader, FIRST_FETCH);
    uint64_t told = header->length - LAYOUT;
    reader->failed |=
        header->kind != kind || header->schema != schema || told > room - sizeof *header;
    if (reader->failed) {
        reader->end = reader->next;
        return;
    }
    reader->next += sizeof *header;
    reader->length = sizeof *header + told;
    if (reader->fetched > reader->length) { // what lies behind is none of it
        reader->end -= reader->fetched - reader->length;
        reader->fetched = reader->length;
    }
}

const void *state_view_late(struct state_reader *reader, uint64_t n)
{
    uint64_t padded = state_padded(n);
    if (!reader->failed && (padded > bytes_left(reader) || !stage_fill(reader, sizeof stage)))
        state_refuse(reader);
    if (reader->failed) {
        memset(stage, 0, sizeof stage);
        return stage;
    }
    reader->next = stage + padded;
    return stage;
}

void state_read_long(struct state_reader *reader, void *bytes, uint64_t n)
{
    uint64_t left = bytes_left(reader), position = reader->length - left;
    if (!reader->failed &&
        (state_padded(n) > left || core_rref_read(reader->state, position, bytes, n) < 0))
        state_refuse(reader);
    if (reader->failed) {
        memset(bytes, 0, n);
        return;
    }
    reader->next = reader->end = stage;
    reader->fetched = position + state_padded(n);
}

const char *state_view_text(struct state_reader *reader, uint64_t max)
{
    uint64_t length = state_read_u64(reader);
    if (reader->failed || length > max || length >= STATE_PIECE) {
        state_refuse(reader);
        return NULL;
    }
    const char *text = state_view(reader, length + 1);
    if (!reader->failed && !text[length])
        return text;
    state_refuse(reader);
    return NULL;
}

char *state_read_text(struct state_reader *reader, uint64_t max)
{
    const char *text = state_view_text(reader, max);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        state_fail(reader, -ENOMEM);
    return copy;
}

// Whatever comes next meets the slow way.
static void reading_end(struct state_reader *reader)
{
    reader->failed = true;
    reader->end = reader->next;
}

void state_refuse(struct state_reader *reader)
{
    if (!reader->failed)
        log_printf("the state that was handed over makes no sense at byte %llu",
                   (unsigned long long)(reader->length - bytes_left(reader)));
    reading_end(reader);
}

void state_fail(struct state_reader *reader, int64_t error)
{
    if (!reader->failed) {
        log_printf("cannot take over what stands at byte %llu of the state (error %d)",
                   (unsigned long long)(reader->length - bytes_left(reader)), (int)error);
        reader->error = error;
    }
    reading_end(reader);
}

static void spare_keep(rref_t state, uint64_t room)
{
    if (spare || room > SPARE_MAX) {
        core_rref_free(state);
        return;
    }
    spare = state;
    spare_room = room;
}

void state_spare_keep(rref_t state)
{
    spare_keep(state, (uint64_t)core_rref_length(state));
}

void state_spare_make(uint64_t bytes)
{
    int64_t made = spare ? -EEXIST : core_rref_alloc(bytes, 0);
    if (made > 0)
        spare_keep((rref_t)made, bytes);
}

void state_spare_free(void)
{
    if (spare)
        core_rref_free(spare);
    spare = 0;
}

int64_t state_close(struct state_reader *reader)
{
    bool whole = !reader->failed && bytes_left(reader) == 0;
    spare_keep(reader->state, reader->room);
    return whole ? 0 : reader->error ? reader->error : -EINVAL;
}
