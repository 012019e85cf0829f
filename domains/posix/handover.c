// SPDX-License-Identifier: MIT
// The records of schema 2, in this order: system, terminal, pipes, open files, processes. Things
// refer to each other by their number in their list, counted from 1, 0 for none; handles are the
// predecessor's, of which the successor inherits its own. Schema 3 has the number of updates at the
// end.
#include "handover.h"

#include <stdlib.h>
#include <string.h>
#include "backend.h"
#include "core.h"
#include "manifest.h"
#include "processes.h"
#include "state.h"
#include "wall.h"

#define KIND      STATE_KIND('p', 'o', 's', 'x')
#define FILES_MAX (PROCESSES_MAX * DESCRIPTORS_MAX)

struct system_record {
    uint32_t last_pid, mounts, places, reserved;
    uint64_t wall_boot; // the clock may be gone when the successor asks
};                      // and the generations of all threads' places

struct mount_record { // and its path
    uint64_t root, covered_node;
    uint32_t covered_mount, read_only;
};

struct file_record {
    uint32_t flags, mode, device, pipe;
    uint32_t mount, reserved;
    uint64_t node, file, position;
};

struct thread_record {
    uint32_t index;
    handle_t event, handle;
    uint32_t restore_blocked, is_restarting, reserved;
    uint64_t blocked, saved_blocked, deadline, progress;
};

struct process_record {
    uint32_t pid, group, session, life, parent;
    uint32_t status, stop_news, umask, has_executed;
    uint32_t arguments_length, ranges, descriptors;
    handle_t space;
    uint32_t directory_mount;
    uint64_t directory_node, break_start, break_end;
    uint64_t started, calls, alarm_at, alarm_every, unknown_call, pending;
    uint64_t actions; // of these numbers follow: the others are the default
    char name[PROCESS_NAME_SIZE];
    struct thread_record thread;
};

struct descriptor_record {
    uint32_t number, file, close_on_exec;
};

// The pipes and files of all descriptors, each once.
struct catalogue {
    struct open_file **files;
    struct pipe **pipes;
    uint32_t file_count, pipe_count;
};

static bool imported;
static uint32_t updates;

bool handover_was_imported(void)
{
    return imported;
}

uint32_t handover_updates(void)
{
    return updates;
}

// ---- Export ----

static uint32_t pipe_number(struct catalogue *catalogue, struct pipe *pipe)
{
    if (!pipe)
        return 0;
    for (uint32_t i = 0; i < catalogue->pipe_count; i++)
        if (catalogue->pipes[i] == pipe)
            return i + 1;
    catalogue->pipes[catalogue->pipe_count++] = pipe;
    return catalogue->pipe_count;
}

static uint32_t file_number(struct catalogue *catalogue, struct open_file *file)
{
    for (uint32_t i = 0; i < catalogue->file_count; i++)
        if (catalogue->files[i] == file)
            return i + 1;
    catalogue->files[catalogue->file_count++] = file;
    pipe_number(catalogue, file->pipe);
    return catalogue->file_count;
}

// FUNCTION(process, descriptor number) for each descriptor that is open.
#define EACH_DESCRIPTOR(process, number)                                                           \
    for (uint32_t number = 0; (process)->files.entries && number < (process)->files.used;          \
         number++)                                                                                 \
        if ((process)->files.entries[number].file)

static uint32_t descriptor_count(const struct process *process)
{
    uint32_t count = 0;
    EACH_DESCRIPTOR(process, i)
    count++;
    return count;
}

static bool catalogue_make(struct catalogue *catalogue)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < places_used; i++)
        if (processes[i].pid)
            most += descriptor_count(&processes[i]);
    *catalogue = (struct catalogue){.files = calloc(most, sizeof *catalogue->files),
                                    .pipes = calloc(most, sizeof *catalogue->pipes)};
    if (!catalogue->files || !catalogue->pipes)
        return false;
    for (uint32_t i = 0; i < places_used; i++) {
        if (!processes[i].pid)
            continue;
        EACH_DESCRIPTOR(&processes[i], number)
        file_number(catalogue, processes[i].files.entries[number].file);
    }
    return true;
}

static void catalogue_free(struct catalogue *catalogue)
{
    free(catalogue->files);
    free(catalogue->pipes);
}

static void system_export(struct state_writer *writer)
{
    const struct system_record record = {.last_pid = last_pid,
                                         .mounts = mount_count,
                                         .places = places_used,
                                         .wall_boot = wall_boot()};
    state_write(writer, &record, sizeof record);
    for (uint32_t i = 0; i < places_used; i++)
        state_write_u64(writer, threads[i].generation);
    for (uint32_t i = 0; i < mount_count; i++) {
        const struct mount_record mount = {mounts[i].root, mounts[i].covered.node,
                                           mounts[i].covered.mount, mounts[i].read_only};
        state_write(writer, &mount, sizeof mount);
        state_write_text(writer, mounts[i].path);
    }
}

static void pipe_export(struct state_writer *writer, const struct pipe *pipe)
{
    uint32_t first = PIPE_SIZE - pipe->start;
    if (first > pipe->filled)
        first = pipe->filled;
    state_write_u64(writer, pipe->filled);
    state_write(writer, pipe->bytes + pipe->start, first);
    state_write(writer, pipe->bytes, pipe->filled - first);
}

static void file_export(struct state_writer *writer, struct catalogue *catalogue,
                        const struct open_file *file)
{
    const struct file_record record = {.flags = file->flags,
                                       .mode = file->mode,
                                       .device = file->device,
                                       .pipe = pipe_number(catalogue, file->pipe),
                                       .mount = file->place.mount,
                                       .node = file->place.node,
                                       .file = file->file,
                                       .position = file->position};
    state_write(writer, &record, sizeof record);
    state_write_text(writer, file->path);
}

static struct thread_record thread_export(const struct thread *thread)
{
    return (struct thread_record){
        .index = thread->index,
        .event = thread->event,
        .handle = thread->process->life == LIFE_ZOMBIE ? 0 : thread->handle,
        .restore_blocked = thread->restore_blocked,
        .is_restarting = thread->is_restarting,
        .blocked = thread->blocked,
        .saved_blocked = thread->saved_blocked,
        .deadline = thread->deadline,
        .progress = thread->progress,
    };
}

// The actions that ACTIONS names, and where pending signals come from.
static void signals_export(struct state_writer *writer, const struct signal_state *signals,
                           uint64_t actions)
{
    uint64_t either = actions | signals->pending;
    EACH_SIGNAL(either, number)
    {
        if (actions & SIGNAL_BIT(number))
            state_write(writer, &signals->actions[number], sizeof signals->actions[number]);
        if (signals->pending & SIGNAL_BIT(number))
            state_write(writer, &signals->origins[number], sizeof signals->origins[number]);
    }
}

static void process_export(struct state_writer *writer, struct catalogue *catalogue,
                           const struct process *process)
{
    struct process_record record = {
        .pid = process->pid,
        .group = process->group,
        .session = process->session,
        .life = process->life,
        .parent = process->parent ? process->parent->pid : 0,
        .status = process->status,
        .stop_news = process->stop_news,
        .umask = process->umask,
        .has_executed = process->has_executed,
        .arguments_length = process->arguments_length,
        .ranges = process->memory.count,
        .descriptors = descriptor_count(process),
        .space = process->memory.space,
        .directory_mount = process->directory.mount,
        .directory_node = process->directory.node,
        .break_start = process->memory.break_start,
        .break_end = process->memory.break_end,
        .started = process->started,
        .calls = process->calls,
        .alarm_at = process->alarm_at,
        .alarm_every = process->alarm_every,
        .unknown_call = process->unknown_call,
        .pending = process->signals.pending,
        .actions = process->signals.special,
        .thread = thread_export(process->thread),
    };
    memcpy(record.name, process->name, sizeof record.name);
    state_write(writer, &record, sizeof record);
    state_write(writer, process->arguments, record.arguments_length);
    signals_export(writer, &process->signals, record.actions);
    state_write(writer, process->memory.ranges, record.ranges * sizeof *process->memory.ranges);
    state_write_text(writer, process->directory_path);
    EACH_DESCRIPTOR(process, number)
    {
        const struct descriptor *entry = &process->files.entries[number];
        const struct descriptor_record descriptor = {number, file_number(catalogue, entry->file),
                                                     entry->close_on_exec};
        state_write(writer, &descriptor, sizeof descriptor);
    }
}

static void processes_export(struct state_writer *writer, struct catalogue *catalogue)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < places_used; i++)
        count += processes[i].life != LIFE_FREE;
    state_write_u64(writer, count);
    for (uint32_t i = 0; i < places_used; i++)
        if (processes[i].life != LIFE_FREE)
            process_export(writer, catalogue, &processes[i]);
}

RpcResult domain_export(uint64_t schema)
{
    struct state_writer writer = {0};
    struct catalogue catalogue;
    if (schema < DOMAIN_ACCEPTS || schema > DOMAIN_SCHEMA)
        return rpc_error(-EINVAL);
    if (!catalogue_make(&catalogue)) {
        catalogue_free(&catalogue);
        return rpc_error(-ENOMEM);
    }
    system_export(&writer);
    terminal_export(&writer);
    state_write_u64(&writer, catalogue.pipe_count);
    for (uint32_t i = 0; i < catalogue.pipe_count; i++)
        pipe_export(&writer, catalogue.pipes[i]);
    state_write_u64(&writer, catalogue.file_count);
    for (uint32_t i = 0; i < catalogue.file_count; i++)
        file_export(&writer, &catalogue, catalogue.files[i]);
    processes_export(&writer, &catalogue);
    if (schema >= 3)
        state_write_u64(&writer, updates);
    catalogue_free(&catalogue);
    return state_finish(&writer, KIND, schema);
}

// ---- Import ----

static void system_import(struct state_reader *reader)
{
    struct system_record record;
    state_read(reader, &record, sizeof record);
    last_pid = record.last_pid % (PID_MAX + 1);
    wall_restore(record.wall_boot);
    if (record.mounts != mount_count || record.places > PROCESSES_MAX)
        state_refuse(reader);
    for (uint32_t i = 0; i < record.places && !reader->failed; i++) {
        threads[i].index = i;
        threads[i].generation = (uint32_t)state_read_u64(reader);
    }
    places_used = reader->failed ? 0 : record.places;
    for (uint32_t i = 0; i < mount_count; i++) {
        struct mount_record mount;
        state_read(reader, &mount, sizeof mount);
        char *path = state_read_text(reader, PATH_SIZE - 1);
        if (i == MOUNT_DISK && path)
            mount_disk_restore(path);
        free(path);
        mounts[i].read_only = mount.read_only;
        mounts[i].root = mount.root;
        mounts[i].covered = (struct place){mount.covered_mount, mount.covered_node};
        if (mount.covered_mount >= mount_count)
            state_refuse(reader);
    }
    root_restore(mounts[MOUNT_BOOT].root != 0);
}

static struct pipe *pipe_import(struct state_reader *reader)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);
    uint64_t filled = state_read_u64(reader);
    if (pipe)
        pipe->bytes = malloc(PIPE_SIZE);
    if (!pipe || !pipe->bytes)
        state_fail(reader, -ENOMEM);
    else if (filled > PIPE_SIZE)
        state_refuse(reader);
    if (reader->failed)
        return pipe;
    pipe->filled = (uint32_t)filled;
    state_read(reader, pipe->bytes, filled);
    return pipe;
}

// An end of a pipe counts for it; an empty path is none.
static struct open_file *file_import(struct state_reader *reader, const struct catalogue *catalogue)
{
    struct file_record record;
    struct open_file *file = calloc(1, sizeof *file);
    state_read(reader, &record, sizeof record);
    char *path = state_read_text(reader, PATH_SIZE);
    if (!file)
        state_fail(reader, -ENOMEM);
    if (!file || !path || record.pipe > catalogue->pipe_count || record.mount >= mount_count) {
        state_refuse(reader);
        free(path);
        return file;
    }
    file->flags = record.flags;
    file->mode = record.mode;
    file->device = record.device;
    file->place = (struct place){record.mount, record.node};
    file->file = record.file;
    file->position = record.position;
    if (path[0])
        file->path = path;
    else
        free(path);
    if (!record.pipe) {
        mounts[record.mount].opens++;
        if ((file->mode & FS_TYPE) == FS_BLOCK)
            backend_find(file);
        return file;
    }
    file->pipe = catalogue->pipes[record.pipe - 1];
    if ((file->flags & OPEN_ACCESS) == OPEN_READ)
        file->pipe->readers++;
    else
        file->pipe->writers++;
    return file;
}

// Where it fails, the whole instance is thrown away: nothing is freed.
static void catalogue_import(struct state_reader *reader, struct catalogue *catalogue)
{
    uint64_t pipes = state_read_u64(reader);
    *catalogue = (struct catalogue){0};
    if (pipes > FILES_MAX)
        state_refuse(reader);
    else if (!(catalogue->pipes = calloc(pipes + 1, sizeof *catalogue->pipes)))
        state_fail(reader, -ENOMEM);
    while (!reader->failed && catalogue->pipe_count < pipes)
        catalogue->pipes[catalogue->pipe_count++] = pipe_import(reader);
    uint64_t files = state_read_u64(reader);
    if (files > FILES_MAX)
        state_refuse(reader);
    else if (!(catalogue->files = calloc(files + 1, sizeof *catalogue->files)))
        state_fail(reader, -ENOMEM);
    while (!reader->failed && catalogue->file_count < files)
        catalogue->files[catalogue->file_count++] = file_import(reader, catalogue);
}

static handle_t inherit(struct state_reader *reader, handle_t handle)
{
    int64_t own = handle ? core_handle_inherit(handle) : 0;
    if (own < 0)
        state_fail(reader, own);
    return own < 0 ? 0 : (handle_t)own;
}

static void thread_import(struct state_reader *reader, const struct thread_record *record,
                          struct process *process)
{
    if (record->index >= places_used || threads[record->index].process) {
        state_refuse(reader);
        return;
    }
    struct thread *thread = &threads[record->index];
    thread->process = process;
    process->thread = thread;
    thread->event = inherit(reader, record->event);
    thread->handle = inherit(reader, record->handle);
    thread->blocked = record->blocked;
    thread->saved_blocked = record->saved_blocked;
    thread->restore_blocked = record->restore_blocked;
    thread->is_restarting = record->is_restarting;
    thread->deadline = record->deadline;
    thread->progress = record->progress;
}

static void memory_import(struct state_reader *reader, const struct process_record *record,
                          struct memory *memory)
{
    memory->space = inherit(reader, record->space);
    memory->break_start = record->break_start;
    memory->break_end = record->break_end;
    if (!record->ranges)
        return;
    if (record->ranges > 2 * RANGES_MAX)
        state_refuse(reader);
    else if (!(memory->ranges = calloc(record->ranges, sizeof *memory->ranges)))
        state_fail(reader, -ENOMEM);
    if (!memory->ranges)
        return;
    memory->count = memory->capacity = record->ranges;
    state_read(reader, memory->ranges, record->ranges * sizeof *memory->ranges);
}

static void descriptors_import(struct state_reader *reader, const struct catalogue *catalogue,
                               struct file_table *table, uint32_t count)
{
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct descriptor_record record;
        state_read(reader, &record, sizeof record);
        if (record.number >= DESCRIPTORS_MAX || !record.file ||
            record.file > catalogue->file_count) {
            state_refuse(reader);
            return;
        }
        struct open_file *file = catalogue->files[record.file - 1];
        file->references++;
        descriptor_fill(table, record.number, file, record.close_on_exec);
    }
}

static void process_fill(const struct process_record *record, struct process *process)
{
    process->pid = record->pid;
    process->group = record->group;
    process->session = record->session;
    process->life = (enum life)record->life;
    process->status = record->status;
    process->stop_news = record->stop_news;
    process->umask = record->umask;
    process->has_executed = record->has_executed;
    process->arguments_length = record->arguments_length;
    process->directory = (struct place){record->directory_mount, record->directory_node};
    process->started = record->started;
    process->calls = record->calls;
    process->alarm_at = record->alarm_at;
    process->alarm_every = record->alarm_every;
    process->unknown_call = record->unknown_call;
    process->signals.pending = record->pending;
    memcpy(process->name, record->name, sizeof process->name - 1);
}

static void signals_import(struct state_reader *reader, struct signal_state *signals,
                           uint64_t actions)
{
    uint64_t either = actions | signals->pending;
    signals->special = actions;
    EACH_SIGNAL(either, number)
    {
        if (actions & SIGNAL_BIT(number))
            state_read(reader, &signals->actions[number], sizeof signals->actions[number]);
        if (signals->pending & SIGNAL_BIT(number))
            state_read(reader, &signals->origins[number], sizeof signals->origins[number]);
    }
}

static bool process_is_sound(const struct process_record *record)
{
    return record->pid && record->pid <= PID_MAX && record->life > LIFE_FREE &&
           record->life <= LIFE_ZOMBIE && record->arguments_length <= PROCESS_ARGUMENTS_SIZE &&
           record->directory_mount < mount_count;
}

// PARENT receives the parent's number.
static void process_import(struct state_reader *reader, const struct catalogue *catalogue,
                           struct process *process, uint32_t *parent)
{
    struct process_record record;
    state_read(reader, &record, sizeof record);
    if (reader->failed || !process_is_sound(&record)) {
        state_refuse(reader);
        return;
    }
    *parent = record.parent;
    process_fill(&record, process);
    state_read(reader, process->arguments, process->arguments_length);
    signals_import(reader, &process->signals, record.actions);
    thread_import(reader, &record.thread, process);
    memory_import(reader, &record, &process->memory);
    process->directory_path = state_read_text(reader, PATH_SIZE);
    if (record.life == LIFE_ZOMBIE)
        return;
    if (files_create(&process->files) < 0)
        state_fail(reader, -ENOMEM);
    else
        descriptors_import(reader, catalogue, &process->files, record.descriptors);
}

static void processes_import(struct state_reader *reader, const struct catalogue *catalogue)
{
    uint32_t parents[PROCESSES_MAX] = {0};
    uint64_t count = state_read_u64(reader);
    if (count > places_used)
        state_refuse(reader);
    for (uint32_t i = 0; i < count && !reader->failed; i++)
        process_import(reader, catalogue, &processes[i], &parents[i]);
    for (uint32_t i = 0; i < count && !reader->failed; i++)
        processes[i].parent = parents[i] ? process_find(parents[i]) : NULL;
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    struct state_reader reader;
    struct catalogue catalogue;
    state_open(&reader, state, KIND, schema);
    system_import(&reader);
    terminal_import(&reader);
    catalogue_import(&reader, &catalogue);
    processes_import(&reader, &catalogue);
    updates = 1 + (schema >= 3 ? (uint32_t)state_read_u64(&reader) : 0);
    catalogue_free(&catalogue);
    imported = true;
    return state_close(&reader);
}
