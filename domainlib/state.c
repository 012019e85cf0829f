// SPDX-License-Identifier: MIT
#include "state.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core.h"
#include "log.h"

// Bytes pass through here: the core moves them between this and the RRef, so that no page of the
// RRef is entered into a slot while callers wait. One export or import at a time.
static uint8_t stage[4096];

struct header {
    uint32_t kind, schema;
    uint64_t length; // of what follows
};

// ---- Writing ----

// Room for NEEDED bytes in all, in a larger RRef if need be.
static bool room_make(struct state_writer *writer, uint64_t needed)
{
    uint64_t room = needed < 2 * writer->room ? 2 * writer->room : needed;
    if (needed <= writer->room)
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
    uint64_t end = writer->stored + n;
    if (!writer->failed &&
        (!room_make(writer, end) || core_rref_write(writer->state, writer->stored, bytes, n) < 0))
        writer->failed = true;
    writer->stored = end;
}

static void stage_store(struct state_writer *writer)
{
    bytes_store(writer, stage, writer->length - writer->stored);
}

void state_write(struct state_writer *writer, const void *bytes, uint64_t n)
{
    if (!writer->length)
        writer->length = sizeof(struct header); // comes at the end
    if (n > sizeof stage - (writer->length - writer->stored))
        stage_store(writer);
    if (n > sizeof stage)
        bytes_store(writer, bytes, n);
    else
        memcpy(stage + (writer->length - writer->stored), bytes, n);
    writer->length += n;
}

// From a place to the next that is aligned.
static uint64_t gap_at(uint64_t place)
{
    return -place % sizeof(uint64_t);
}

void state_write_text(struct state_writer *writer, const char *text)
{
    uint64_t length = text ? strlen(text) : 0;
    state_write_u64(writer, length);
    state_write(writer, text ? text : "", length);
    state_write(writer, &(uint64_t){0}, gap_at(writer->length));
}

RpcResult state_finish(struct state_writer *writer, uint32_t kind, uint64_t schema)
{
    if (!writer->length)
        writer->length = sizeof(struct header);
    const struct header header = {kind, (uint32_t)schema, writer->length - sizeof header};
    if (!writer->stored)
        memcpy(stage, &header, sizeof header);
    bool apart = writer->stored > 0;
    stage_store(writer);
    if (apart && !writer->failed)
        writer->failed = core_rref_write(writer->state, 0, &header, sizeof header) < 0;
    if (!writer->failed)
        return rpc_ok(writer->state);
    if (writer->state)
        core_rref_free(writer->state);
    return rpc_error(-ENOMEM);
}

// ---- Reading ----

void state_open(struct state_reader *reader, rref_t state, uint32_t kind, uint64_t schema)
{
    struct header header = {0};
    int64_t length = core_rref_length(state);
    *reader = (struct state_reader){.state = state, .length = length < 0 ? 0 : (uint64_t)length};
    state_read(reader, &header, sizeof header);
    reader->failed |= header.kind != kind || header.schema != schema ||
                      header.length > reader->length - sizeof header;
    reader->length = sizeof header + header.length;
}

// The stage gets what follows. What is not staged: as much as it holds.
static bool stage_fill(struct state_reader *reader)
{
    uint64_t left = reader->length - reader->position;
    reader->staged_from = reader->position;
    reader->staged = left < sizeof stage ? left : sizeof stage;
    return core_rref_read(reader->state, reader->position, stage, reader->staged) >= 0;
}

static bool bytes_fetch(struct state_reader *reader, void *bytes, uint64_t n)
{
    if (n > sizeof stage)
        return core_rref_read(reader->state, reader->position, bytes, n) >= 0;
    if (reader->position + n > reader->staged_from + reader->staged && !stage_fill(reader))
        return false;
    memcpy(bytes, stage + (reader->position - reader->staged_from), n);
    return true;
}

void state_read(struct state_reader *reader, void *bytes, uint64_t n)
{
    if (!reader->failed &&
        (n > reader->length - reader->position || !bytes_fetch(reader, bytes, n)))
        state_refuse(reader);
    if (reader->failed) {
        memset(bytes, 0, n);
        return;
    }
    reader->position += n;
}

char *state_read_text(struct state_reader *reader, uint64_t max)
{
    uint64_t length = state_read_u64(reader);
    if (reader->failed || length > max || length > reader->length - reader->position) {
        state_refuse(reader);
        return NULL;
    }
    char *text = malloc(length + 1);
    if (!text) {
        state_fail(reader, -ENOMEM);
        return NULL;
    }
    uint64_t unused;
    state_read(reader, text, length);
    text[length] = '\0';
    state_read(reader, &unused, gap_at(reader->position));
    return text;
}

void state_refuse(struct state_reader *reader)
{
    if (!reader->failed)
        log_printf("the state that was handed over makes no sense at byte %llu",
                   (unsigned long long)reader->position);
    reader->failed = true;
}

void state_fail(struct state_reader *reader, int64_t error)
{
    if (!reader->failed) {
        log_printf("cannot take over what stands at byte %llu of the state (error %d)",
                   (unsigned long long)reader->position, (int)error);
        reader->error = error;
    }
    reader->failed = true;
}

int64_t state_close(struct state_reader *reader)
{
    bool whole = !reader->failed && reader->position == reader->length;
    core_rref_free(reader->state);
    return whole ? 0 : reader->error ? reader->error : -EINVAL;
}
