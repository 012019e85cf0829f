// SPDX-License-Identifier: MIT
// Update: lines that were typed and not read, output that was not sent, settings, and the event
// that readers wait for go to the next instance. Schema 2 has two counts more at the end.
#include "console.h"
#include "state.h"

#define KIND  STATE_KIND('c', 'o', 'n', 's')
#define PIECE 2048u // symbols or bytes

struct record {
    struct termios settings;
    struct window_size window;
    handle_t event;
    uint32_t event_is_known, signals;
    uint32_t column, blocked, literal;
    uint32_t line_length, line_column;
    uint32_t input_count, output_count;
    uint64_t read_timeout;
};

// What waits in the two rings, PIECE at a time.
static uint32_t piece(uint32_t left)
{
    return left < PIECE ? left : PIECE;
}

static void input_export(struct state_writer *writer)
{
    for (uint32_t at = typed->tail, n; at != typed->head; at += n) {
        n = piece(typed->head - at);
        uint16_t *symbols = state_room(writer, n * sizeof *symbols);
        for (uint32_t i = 0; i < n; i++)
            symbols[i] = typed->symbols[(at + i) % INPUT_SIZE];
    }
}

static void output_export(struct state_writer *writer)
{
    for (uint32_t at = console.output_tail, n; at != console.output_head; at += n) {
        n = piece(console.output_head - at);
        uint8_t *bytes = state_room(writer, n);
        for (uint32_t i = 0; i < n; i++)
            bytes[i] = console.output[(at + i) % OUTPUT_SIZE];
    }
}

static void input_import(struct state_reader *reader, uint32_t count)
{
    for (uint32_t done = 0; done < count; done += PIECE)
        state_read(reader, typed->symbols + done, piece(count - done) * sizeof *typed->symbols);
}

static void output_import(struct state_reader *reader, uint32_t count)
{
    for (uint32_t done = 0; done < count; done += PIECE)
        state_read(reader, console.output + done, piece(count - done));
}

RpcResult domain_export(uint64_t schema)
{
    struct state_writer writer = {0};
    if (schema < 1 || schema > DOMAIN_SCHEMA)
        return rpc_error(-EINVAL);
    const struct record record = {
        .settings = console.settings,
        .window = console.window,
        .event = console.event,
        .event_is_known = console.event_is_known,
        .signals = typed->signals,
        .column = console.column,
        .blocked = console.blocked,
        .literal = console.literal,
        .line_length = typed->line_length,
        .line_column = typed->line_column,
        .input_count = input_queued(),
        .output_count = output_queued(),
        .read_timeout = console.read_timeout,
    };
    state_write(&writer, &record, sizeof record);
    state_write(&writer, typed->line, record.line_length);
    input_export(&writer);
    output_export(&writer);
    if (schema >= 2) {
        state_write_u64(&writer, console.bytes_read);
        state_write_u64(&writer, console.bytes_written);
    }
    return state_finish(&writer, KIND, schema);
}

static void record_take(const struct record *record)
{
    int64_t event = core_handle_inherit(record->event);
    if (event >= 0) { // else attach makes one, and who asks for keys is told
        console.event = (handle_t)event;
        console.event_is_known = record->event_is_known;
    }
    console.settings = record->settings;
    console.window = record->window;
    typed->signals = record->signals;
    console.column = record->column;
    console.blocked = record->blocked;
    console.literal = record->literal;
    typed->line_length = record->line_length;
    typed->line_column = record->line_column;
    typed->head = record->input_count;
    console.output_head = record->output_count;
    console.read_timeout = record->read_timeout;
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    struct state_reader reader;
    struct record record;
    state_open(&reader, state, KIND, schema);
    state_read(&reader, &record, sizeof record);
    if (record.line_length > LINE_SIZE || record.input_count > INPUT_SIZE ||
        record.output_count > OUTPUT_SIZE)
        state_refuse(&reader);
    if (!reader.failed)
        record_take(&record);
    state_read(&reader, typed->line, typed->line_length);
    input_import(&reader, typed->head);
    output_import(&reader, console.output_head);
    if (schema >= 2) {
        console.bytes_read = state_read_u64(&reader);
        console.bytes_written = state_read_u64(&reader);
    }
    return state_close(&reader);
}
