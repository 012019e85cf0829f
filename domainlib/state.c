// SPDX-License-Identifier: MIT
#include "state.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core.h"
#include "log.h"

#define FIRST_ROOM 1024 // bytes: small RRefs need no page of their own

struct header {
    uint32_t kind, schema;
    uint64_t length; // of what follows
};

static uint8_t *place(rref_t state, uint64_t position)
{
    return (uint8_t *)(uintptr_t)state + position;
}

// Room for N bytes more, in a larger RRef if need be.
static bool writer_reserve(struct state_writer *writer, uint64_t n)
{
    if (!writer->length)
        writer->length = sizeof(struct header);
    uint64_t needed = writer->length + n, room = writer->room ? 2 * writer->room : FIRST_ROOM;
    if (writer->failed || needed <= writer->room)
        return !writer->failed;
    while (room < needed)
        room *= 2;
    int64_t larger = core_rref_alloc(room, 0);
    if (larger < 0) {
        writer->failed = true;
        return false;
    }
    if (writer->state) {
        core_rref_copy((rref_t)larger, 0, writer->state, 0, writer->length);
        core_rref_free(writer->state);
    }
    writer->state = (rref_t)larger;
    writer->room = room;
    return true;
}

void state_write(struct state_writer *writer, const void *bytes, uint64_t n)
{
    if (!writer_reserve(writer, n))
        return;
    memcpy(place(writer->state, writer->length), bytes, n);
    writer->length += n;
}

void state_write_text(struct state_writer *writer, const char *text)
{
    uint64_t length = text ? strlen(text) : 0;
    state_write_u64(writer, length);
    state_write(writer, text ? text : "", length);
}

RpcResult state_finish(struct state_writer *writer, uint32_t kind, uint64_t schema)
{
    if (!writer_reserve(writer, 0)) {
        if (writer->state)
            core_rref_free(writer->state);
        return rpc_error(-ENOMEM);
    }
    const struct header header = {kind, (uint32_t)schema, writer->length - sizeof header};
    memcpy(place(writer->state, 0), &header, sizeof header);
    return rpc_ok(writer->state);
}

void state_open(struct state_reader *reader, rref_t state, uint32_t kind, uint64_t schema)
{
    struct header header = {0};
    int64_t length = core_rref_length(state);
    *reader = (struct state_reader){.state = state, .position = sizeof header};
    if (length >= (int64_t)sizeof header)
        memcpy(&header, place(state, 0), sizeof header);
    reader->length = sizeof header + header.length;
    reader->failed = header.kind != kind || header.schema != schema ||
                     header.length > (uint64_t)length - sizeof header;
}

void state_read(struct state_reader *reader, void *bytes, uint64_t n)
{
    if (!reader->failed && n > reader->length - reader->position)
        state_refuse(reader);
    if (reader->failed) {
        memset(bytes, 0, n);
        return;
    }
    memcpy(bytes, place(reader->state, reader->position), n);
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
        state_refuse(reader);
        return NULL;
    }
    state_read(reader, text, length);
    text[length] = '\0';
    return text;
}

void state_refuse(struct state_reader *reader)
{
    if (!reader->failed)
        log_printf("the state that was handed over makes no sense at byte %llu",
                   (unsigned long long)reader->position);
    reader->failed = true;
}

int64_t state_close(struct state_reader *reader)
{
    bool whole = !reader->failed && reader->position == reader->length;
    core_rref_free(reader->state);
    return whole ? 0 : -EINVAL;
}
