// SPDX-License-Identifier: MIT
// The records of schema 4, in this order: system, terminal, pipes, open files, processes and their
// threads. Things refer to each other by their number in their list, counted from 1, 0 for none;
// handles are the predecessor's, of which the successor inherits its own. Schema 5 has the number
// of updates at the end. Schemas 2 and 3 were the same with one thread in each process.
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
    uint32_t last_pid, mounts, places, thread_places;
    uint64_t wall_boot; // the clock may be gone when the successor asks
    uint64_t last_mapping;
}; // and the generations of all threads' places

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
    uint32_t index, tid;
    handle_t event, handle;
    uint32_t restore_blocked, is_restarting, never_restarts, fault_number;
    uint64_t blocked, saved_blocked, pending, deadline, progress, fault_address;
    uint64_t clear_tid, robust_list;
    uint32_t futex_state, futex_bitset;
    uint64_t futex_object, futex_address, futex_order;
};

struct process_record {
    uint32_t pid, group, session, life, parent;
    uint32_t status, stop_news, umask, has_executed;
    uint32_t arguments_length, ranges, shared_ranges, descriptors;
    uint32_t threads, is_ending, executing; // the thread that executes: its number, or 0
    handle_t space;
    uint32_t directory_mount;
    uint64_t directory_node, break_start, break_end;
    uint64_t started, calls, alarm_at, alarm_every, unknown_call, pending;
    uint64_t origins; // of these signals follow
    uint64_t actions; // of these numbers follow: the others are the default
    char name[PROCESS_NAME_SIZE];
}; // and its arguments, signals, threads, ranges, directory, descriptors

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
                                         .thread_places = thread_places_used,
                                         .wall_boot = wall_boot(),
                                         .last_mapping = last_mapping};
    state_write(writer, &record, sizeof record);
    for (uint32_t i = 0; i < thread_places_used; i++)
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

static void thread_export(struct state_writer *writer, const struct thread *thread)
{
    const struct thread_record record = {
        .index = thread->index,
        .tid = thread->tid,
        .event = thread->event,
        .handle = thread->handle,
        .restore_blocked = thread->restore_blocked,
        .is_restarting = thread->is_restarting,
        .never_restarts = thread->never_restarts,
        .fault_number = thread->fault_number,
        .blocked = thread->blocked,
        .saved_blocked = thread->saved_blocked,
        .pending = thread->pending,
        .deadline = thread->deadline,
        .progress = thread->progress,
        .fault_address = thread->fault.address,
        .clear_tid = thread->clear_tid,
        .robust_list = thread->robust_list,
        .futex_state = thread->futex.state,
        .futex_bitset = thread->futex.bitset,
        .futex_object = thread->futex.key.object,
        .futex_address = thread->futex.key.address,
        .futex_order = thread->futex.order,
    };
    state_write(writer, &record, sizeof record);
}

// What is pending for a process or for any of its threads.
static uint64_t pending_of(const struct process *process)
{
    uint64_t pending = process->signals.pending;
    EACH_THREAD(process, each)
    pending |= each->pending;
    return pending;
}

// The actions that ACTIONS names, and where the signals in ORIGINS come from.
static void signals_export(struct state_writer *writer, const struct signal_state *signals,
                           uint64_t actions, uint64_t origins)
{
    uint64_t either = actions | origins;
    EACH_SIGNAL(either, number)
    {
        if (actions & SIGNAL_BIT(number))
            state_write(writer, &signals->actions[number], sizeof signals->actions[number]);
        if (origins & SIGNAL_BIT(number))
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
        .shared_ranges = process->memory.shared_count,
        .threads = process->thread_count,
        .is_ending = process->is_ending,
        .executing = process->executing ? process->executing->tid : 0,
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
        .origins = pending_of(process),
        .actions = process->signals.special,
    };
    memcpy(record.name, process->name, sizeof record.name);
    state_write(writer, &record, sizeof record);
    state_write(writer, process->arguments, record.arguments_length);
    signals_export(writer, &process->signals, record.actions, record.origins);
    EACH_THREAD(process, each)
    thread_export(writer, each);
    state_write(writer, process->memory.ranges, record.ranges * sizeof *process->memory.ranges);
    state_write(writer, process->memory.shared,
                record.shared_ranges * sizeof *process->memory.shared);
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
    if (schema >= 5)
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
    last_mapping = record.last_mapping;
    if (record.mounts != mount_count || record.places > PROCESSES_MAX ||
        record.thread_places > THREADS_MAX)
        state_refuse(reader);
    for (uint32_t i = 0; i < record.thread_places && !reader->failed; i++) {
        threads[i].index = i;
        threads[i].generation = (uint32_t)state_read_u64(reader);
    }
    places_used = reader->failed ? 0 : record.places;
    thread_places_used = reader->failed ? 0 : record.thread_places;
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

static bool thread_is_sound(const struct thread_record *record)
{
    return record->index < thread_places_used && !threads[record->index].process && record->tid &&
           record->tid <= PID_MAX && record->futex_state <= FUTEX_WOKEN;
}

static void thread_fill(const struct thread_record *record, struct thread *thread)
{
    thread->tid = record->tid;
    thread->saved_blocked = record->saved_blocked;
    thread->pending = record->pending;
    thread->restore_blocked = record->restore_blocked;
    thread->is_restarting = record->is_restarting;
    thread->never_restarts = record->never_restarts;
    thread->fault_number = record->fault_number;
    thread->fault = (struct signal_origin){.code = 1, .address = record->fault_address};
    thread->deadline = record->deadline;
    thread->progress = record->progress;
    thread->clear_tid = record->clear_tid;
    thread->robust_list = record->robust_list;
    thread->futex = (struct futex_wait){
        .state = record->futex_state,
        .bitset = record->futex_bitset,
        .key = {record->futex_object, record->futex_address},
        .order = record->futex_order,
    };
}

static struct thread *thread_import(struct state_reader *reader, struct process *process,
                                    bool executing)
{
    struct thread_record record;
    state_read(reader, &record, sizeof record);
    if (reader->failed || !thread_is_sound(&record)) {
        state_refuse(reader);
        return NULL;
    }
    struct thread *thread = &threads[record.index];
    thread->process = process;
    thread_fill(&record, thread);
    mask_set(thread, record.blocked);
    thread->has_news |= process->life == LIFE_STOPPED || process->is_ending || executing;
    thread->event = inherit(reader, record.event);
    thread->handle = inherit(reader, record.handle);
    futex_restore(thread);
    return thread;
}

static void threads_import(struct state_reader *reader, const struct process_record *record,
                           struct process *process)
{
    struct thread **link = &process->threads;
    for (uint32_t i = 0; i < record->threads && !reader->failed; i++) {
        struct thread *thread = thread_import(reader, process, record->executing != 0);
        if (!thread)
            return;
        *link = thread;
        link = &thread->next;
        process->thread_count++;
        further_threads += thread->tid != process->pid;
        if (record->executing == thread->tid)
            process->executing = thread;
    }
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

static void shared_import(struct state_reader *reader, uint32_t count, struct memory *memory)
{
    if (!count)
        return;
    if (count > SHARED_MAX)
        state_refuse(reader);
    else if (!(memory->shared = calloc(SHARED_MAX, sizeof *memory->shared)))
        state_fail(reader, -ENOMEM);
    if (!memory->shared)
        return;
    memory->shared_count = count;
    state_read(reader, memory->shared, count * sizeof *memory->shared);
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
    process->is_ending = record->is_ending;
    memcpy(process->name, record->name, sizeof process->name - 1);
}

static void signals_import(struct state_reader *reader, struct signal_state *signals,
                           uint64_t actions, uint64_t origins)
{
    uint64_t either = actions | origins;
    signals->special = actions;
    EACH_SIGNAL(either, number)
    {
        if (actions & SIGNAL_BIT(number))
            state_read(reader, &signals->actions[number], sizeof signals->actions[number]);
        if (origins & SIGNAL_BIT(number))
            state_read(reader, &signals->origins[number], sizeof signals->origins[number]);
    }
}

static bool process_is_sound(const struct process_record *record)
{
    return record->pid && record->pid <= PID_MAX && record->life > LIFE_FREE &&
           record->life <= LIFE_ZOMBIE && record->arguments_length <= PROCESS_ARGUMENTS_SIZE &&
           record->directory_mount < mount_count &&
           (record->life == LIFE_ZOMBIE) == (record->threads == 0);
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
    signals_import(reader, &process->signals, record.actions, record.origins);
    threads_import(reader, &record, process);
    memory_import(reader, &record, &process->memory);
    shared_import(reader, record.shared_ranges, &process->memory);
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
    updates = 1 + (schema >= 5 ? (uint32_t)state_read_u64(&reader) : 0);
    catalogue_free(&catalogue);
    imported = true;
    return state_close(&reader);
}
