// SPDX-License-Identifier: MIT
// The records of schema 10, in this order: system, terminal, pipes, open files, processes and their
// threads. Things refer to each other by their number in their list, counted from 1, 0 for none;
// handles are the predecessor's, of which the successor inherits its own. Schema 11 has the number
// of updates at the end. Schemas 2 to 9 said the same in other records, which nobody reads any
// more.
//
// Callers wait meanwhile: each record is one fixed structure, filled in and read where it lies, and
// nothing is allocated but what stays.
#include "handover.h"

#include <stdlib.h>
#include "backend.h"
#include "handover_parts.h"
#include "manifest.h"
#include "wall.h"

#define KIND STATE_KIND('p', 'o', 's', 'x')

#define SCHEMA_UPDATES 11 // has the number of updates

struct system_record {
    uint32_t last_pid, mounts, places, thread_places;
    uint32_t pipes, files;
    uint64_t wall_boot; // the clock may be gone when the successor asks
    uint64_t last_mapping;
}; // and the generations of all threads' places, and where the disk is mounted

struct mount_record {
    uint64_t root, covered_node;
    uint32_t covered_mount, read_only;
};

static bool imported;
static struct found found;
static uint32_t updates;

bool handover_was_imported(void)
{
    return imported;
}

uint32_t handover_updates(void)
{
    return updates;
}

static void system_export(struct state_writer *writer, const struct catalogue *catalogue)
{
    struct system_record *record = state_room(writer, sizeof *record);
    record->last_pid = last_pid;
    record->mounts = mount_count;
    record->places = places_used;
    record->thread_places = thread_places_used;
    record->pipes = catalogue->pipe_count;
    record->files = catalogue->file_count;
    record->wall_boot = wall_boot();
    record->last_mapping = last_mapping;
    uint32_t *generations = state_room(writer, thread_places_used * sizeof *generations);
    for (uint32_t i = 0; i < thread_places_used; i++)
        generations[i] = threads[i].generation;
    struct mount_record *mount = state_room(writer, mount_count * sizeof *mount);
    for (uint32_t i = 0; i < mount_count; i++) {
        mount[i].root = mounts[i].root;
        mount[i].covered_node = mounts[i].covered.node;
        mount[i].covered_mount = mounts[i].covered.mount;
        mount[i].read_only = mounts[i].read_only;
    }
    state_write_text(writer, mounts[MOUNT_DISK].path);
}

static void mounts_import(struct state_reader *reader)
{
    const struct mount_record *mount = state_view(reader, mount_count * sizeof *mount);
    for (uint32_t i = 0; i < mount_count && !reader->failed; i++) {
        mounts[i].read_only = mount[i].read_only;
        mounts[i].root = mount[i].root;
        mounts[i].covered = (struct place){mount[i].covered_mount, mount[i].covered_node};
        if (mount[i].covered_mount >= mount_count)
            state_refuse(reader);
    }
    const char *path = state_view_text(reader, PATH_SIZE - 1);
    if (path)
        mount_disk_restore(path);
    root_restore(mounts[MOUNT_BOOT].root != 0);
}

// How many pipes and files follow is noted in `found`.
static void system_import(struct state_reader *reader)
{
    const struct system_record *record = state_view(reader, sizeof *record);
    last_pid = record->last_pid % (PID_MAX + 1);
    wall_restore(record->wall_boot);
    last_mapping = record->last_mapping;
    found = (struct found){.pipe_count = record->pipes, .file_count = record->files};
    uint32_t places = record->places, thread_places = record->thread_places;
    if (record->mounts != mount_count || places > PROCESSES_MAX || thread_places > THREADS_MAX ||
        found.pipe_count > FILES_MAX || found.file_count > FILES_MAX)
        state_refuse(reader);
    if (reader->failed)
        return;
    places_used = places;
    thread_places_used = thread_places;
    const uint32_t *generations = state_view(reader, thread_places * sizeof *generations);
    for (uint32_t i = 0; i < thread_places; i++) {
        threads[i].index = i;
        threads[i].generation = generations[i];
    }
    mounts_import(reader);
}

RpcResult domain_export(uint64_t schema)
{
    struct state_writer writer = {0};
    struct catalogue catalogue;
    if (schema < DOMAIN_ACCEPTS || schema > DOMAIN_SCHEMA)
        return rpc_error(-EINVAL);
    catalogue_make(&catalogue);
    system_export(&writer, &catalogue);
    terminal_export(&writer);
    catalogue_export(&writer, &catalogue);
    processes_export(&writer);
    if (schema >= SCHEMA_UPDATES)
        state_write_u64(&writer, updates);
    catalogue_forget(&catalogue);
    return state_finish(&writer, KIND, schema);
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    struct state_reader reader;
    state_open(&reader, state, KIND, schema);
    system_import(&reader);
    terminal_import(&reader);
    found_import(&reader, &found);
    processes_import(&reader, &found);
    handles_import(&reader);
    updates = 1 + (schema >= SCHEMA_UPDATES ? (uint32_t)state_read_u64(&reader) : 0);
    imported = true;
    return state_close(&reader);
}

int64_t domain_rehearse(uint64_t serving)
{
    if (!serving)
        ready_prepare();
    return 0;
}

void handover_settle(void)
{
    free(found.pipes);
    found.pipes = NULL;
    ready_forget();
}
