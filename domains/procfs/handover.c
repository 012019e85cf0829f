// SPDX-License-Identifier: MIT
// Update: open files, among them the one whose command asked for it. Schema 2 has how many were
// opened since boot. Crash: the table of open files is kept by the core.
#include <stdlib.h>

#include "domain.h"
#include "procfs.h"
#include "state.h"

#define KIND STATE_KIND('p', 'r', 'o', 'c')

#define KEPT_KEY    0
#define KEPT_SCHEMA 1
#define KEPT_BYTES  (OPEN_MAX * sizeof(struct open_file))

struct record {
    uint64_t index, node, log_base;
    uint64_t reply_at;
};

static void files_export(struct state_writer *writer)
{
    uint32_t uses[OPEN_MAX];
    uint64_t count = 0;
    for (uint32_t i = 0; i < OPEN_MAX; i++) {
        uses[i] = files[i].uses;
        count += files[i].node != 0;
    }
    state_write(writer, uses, sizeof uses);
    state_write_u64(writer, count);
    for (uint32_t i = 0; i < OPEN_MAX; i++) {
        const struct open_file *file = &files[i];
        const struct record record = {i, file->node, file->log_base, file->reply_at};
        if (!file->node)
            continue;
        state_write(writer, &record, sizeof record);
        state_write_text(writer, file->reply);
    }
}

static void file_import(struct state_reader *reader)
{
    struct record record;
    state_read(reader, &record, sizeof record);
    char *reply = state_read_text(reader, REPLY_SIZE - 1);
    if (!reply || record.index >= OPEN_MAX || record.reply_at > strlen(reply)) {
        state_refuse(reader);
        free(reply);
        return;
    }
    struct open_file *file = &files[record.index];
    file->node = record.node;
    file->log_base = record.log_base;
    file->reply_at = record.reply_at;
    strcpy(file->reply, reply);
    free(reply);
}

static void files_import(struct state_reader *reader)
{
    uint32_t uses[OPEN_MAX];
    state_read(reader, uses, sizeof uses);
    for (uint32_t i = 0; i < OPEN_MAX; i++)
        files[i].uses = uses[i];
    for (uint64_t left = state_read_u64(reader); left && !reader->failed; left--)
        file_import(reader);
}

RpcResult domain_export(uint64_t schema)
{
    struct state_writer writer = {0};
    if (schema < 1 || schema > DOMAIN_SCHEMA)
        return rpc_error(-EINVAL);
    files_export(&writer);
    if (schema >= 2)
        state_write_u64(&writer, opens_total);
    return state_finish(&writer, KIND, schema);
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    struct state_reader reader;
    state_open(&reader, state, KIND, schema);
    files_import(&reader);
    if (schema >= 2)
        opens_total = state_read_u64(&reader);
    return state_close(&reader);
}

// The table of the instance before, if it left one; else a new one, with what an update brought.
int64_t domain_attach(void)
{
    int64_t table = core_rref_kept(KEPT_KEY, KEPT_SCHEMA);
    if (table != -ENOENT) {
        if (table > 0)
            files = (struct open_file *)(uintptr_t)table;
        return table < 0 ? table : 0;
    }
    table = core_rref_alloc(KEPT_BYTES, KEPT_SCHEMA);
    if (table < 0)
        return table;
    int64_t error = core_rref_write((rref_t)table, 0, files, KEPT_BYTES);
    if (!error)
        error = core_rref_keep((rref_t)table, KEPT_KEY, KEPT_SCHEMA);
    if (error) {
        core_rref_free((rref_t)table);
        return error;
    }
    files = (struct open_file *)(uintptr_t)table;
    return 0;
}
