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
#include <string.h>
#include "backend.h"
#include "core.h"
#include "manifest.h"
#include "processes.h"
#include "state.h"
#include "wall.h"

#define KIND      STATE_KIND('p', 'o', 's', 'x')
#define FILES_MAX (PROCESSES_MAX * DESCRIPTORS_MAX)

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

struct file_record {
    uint32_t flags, mode, device, pipe;
    uint32_t mount, has_path;
    uint64_t node, file, position;
}; // and its path

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
    struct usage used, used_by_children; // of threads the core has it
    uint64_t origins;                    // of these signals follow
    uint64_t actions;                    // of these numbers follow: the others are the default
    struct limits limits;
    char name[PROCESS_NAME_SIZE];
}; // and its arguments, signals, threads, ranges, directory, descriptors

struct descriptor_record {
    uint16_t number, close_on_exec;
    uint32_t file;
};

// The pipes and files of all descriptors, each once, as a list; they know their numbers.
struct catalogue {
    struct open_file *files, **files_end;
    struct pipe *pipes, **pipes_end;
    uint32_t file_count, pipe_count;
};

// The same, as they are read.
struct found {
    struct pipe **pipes;
    struct open_file **files;
    uint32_t pipe_count, file_count;
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

static void pipe_note(struct catalogue *catalogue, struct pipe *pipe)
{
    if (!pipe || pipe->number)
        return;
    pipe->number = ++catalogue->pipe_count;
    pipe->next_numbered = NULL;
    *catalogue->pipes_end = pipe;
    catalogue->pipes_end = &pipe->next_numbered;
}

static void file_note(struct catalogue *catalogue, struct open_file *file)
{
    if (file->number)
        return;
    file->number = ++catalogue->file_count;
    file->next_numbered = NULL;
    *catalogue->files_end = file;
    catalogue->files_end = &file->next_numbered;
    pipe_note(catalogue, file->pipe);
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

static void catalogue_make(struct catalogue *catalogue)
{
    *catalogue = (struct catalogue){0};
    catalogue->files_end = &catalogue->files;
    catalogue->pipes_end = &catalogue->pipes;
    for (uint32_t i = 0; i < places_used; i++) {
        if (!processes[i].pid)
            continue;
        EACH_DESCRIPTOR(&processes[i], number)
        file_note(catalogue, processes[i].files.entries[number].file);
    }
}

// The export may be made once more: numbers are those of one.
static void catalogue_forget(const struct catalogue *catalogue)
{
    for (struct open_file *file = catalogue->files; file; file = file->next_numbered)
        file->number = 0;
    for (struct pipe *pipe = catalogue->pipes; pipe; pipe = pipe->next_numbered)
        pipe->number = 0;
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

static void pipe_export(struct state_writer *writer, const struct pipe *pipe)
{
    uint32_t first = PIPE_SIZE - pipe->start;
    if (first > pipe->filled)
        first = pipe->filled;
    state_write_u64(writer, pipe->filled);
    state_write_u64(writer, first);
    state_write(writer, pipe->bytes + pipe->start, first);
    state_write(writer, pipe->bytes, pipe->filled - first);
}

static void file_export(struct state_writer *writer, const struct open_file *file)
{
    struct file_record *record = state_room(writer, sizeof *record);
    record->flags = file->flags;
    record->mode = file->mode;
    record->device = file->device;
    record->pipe = file->pipe ? file->pipe->number : 0;
    record->mount = file->place.mount;
    record->has_path = file->path != NULL;
    record->node = file->place.node;
    record->file = file->file;
    record->position = file->position;
    if (file->path)
        state_write_text(writer, file->path);
}

static void thread_export(struct state_writer *writer, const struct thread *thread)
{
    struct thread_record *record = state_room(writer, sizeof *record);
    record->index = thread->index;
    record->tid = thread->tid;
    record->event = thread->event;
    record->handle = thread->handle;
    record->restore_blocked = thread->restore_blocked;
    record->is_restarting = thread->is_restarting;
    record->never_restarts = thread->never_restarts;
    record->fault_number = thread->fault_number;
    record->blocked = thread->blocked;
    record->saved_blocked = thread->saved_blocked;
    record->pending = thread->pending;
    record->deadline = thread->deadline;
    record->progress = thread->progress;
    record->fault_address = thread->fault.address;
    record->clear_tid = thread->clear_tid;
    record->robust_list = thread->robust_list;
    record->futex_state = thread->futex.state;
    record->futex_bitset = thread->futex.bitset;
    record->futex_object = thread->futex.key.object;
    record->futex_address = thread->futex.key.address;
    record->futex_order = thread->futex.order;
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

static void process_record_fill(struct process_record *record, const struct process *process)
{
    record->pid = process->pid;
    record->group = process->group;
    record->session = process->session;
    record->life = process->life;
    record->parent = process->parent ? process->parent->pid : 0;
    record->status = process->status;
    record->stop_news = process->stop_news;
    record->umask = process->umask;
    record->limits = process->limits;
    record->has_executed = process->has_executed;
    record->arguments_length = process->arguments_length;
    record->ranges = process->memory.count;
    record->shared_ranges = process->memory.shared_count;
    record->threads = process->thread_count;
    record->is_ending = process->is_ending;
    record->executing = process->executing ? process->executing->tid : 0;
    record->descriptors = descriptor_count(process);
    record->space = process->memory.space;
    record->directory_mount = process->directory.mount;
    record->directory_node = process->directory.node;
    record->break_start = process->memory.break_start;
    record->break_end = process->memory.break_end;
    record->started = process->started;
    record->calls = process_calls(process);
    record->used = process->used;
    record->used_by_children = process->used_by_children;
    record->alarm_at = process->alarm_at;
    record->alarm_every = process->alarm_every;
    record->unknown_call = process->unknown_call;
    record->pending = process->signals.pending;
    record->origins = pending_of(process);
    record->actions = process->signals.special;
    memcpy(record->name, process->name, sizeof record->name);
}

static void descriptors_export(struct state_writer *writer, const struct process *process,
                               uint32_t count)
{
    struct descriptor_record *record = state_room(writer, count * sizeof *record);
    EACH_DESCRIPTOR(process, number)
    {
        const struct descriptor *entry = &process->files.entries[number];
        record->number = (uint16_t)number;
        record->close_on_exec = entry->close_on_exec;
        record->file = entry->file->number;
        record++;
    }
}

static void process_export(struct state_writer *writer, const struct process *process)
{
    struct process_record *record = state_room(writer, sizeof *record);
    process_record_fill(record, process);
    uint32_t descriptors = record->descriptors;
    uint64_t actions = record->actions, origins = record->origins;
    state_write(writer, process->arguments, process->arguments_length);
    signals_export(writer, &process->signals, actions, origins);
    EACH_THREAD(process, each)
    thread_export(writer, each);
    state_write(writer, process->memory.ranges,
                process->memory.count * sizeof *process->memory.ranges);
    state_write(writer, process->memory.shared,
                process->memory.shared_count * sizeof *process->memory.shared);
    state_write_text(writer, process->directory_path);
    descriptors_export(writer, process, descriptors);
}

static void processes_export(struct state_writer *writer)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < places_used; i++)
        count += processes[i].life != LIFE_FREE;
    state_write_u64(writer, count);
    for (uint32_t i = 0; i < places_used; i++)
        if (processes[i].life != LIFE_FREE)
            process_export(writer, &processes[i]);
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
    for (struct pipe *pipe = catalogue.pipes; pipe; pipe = pipe->next_numbered)
        pipe_export(&writer, pipe);
    for (struct open_file *file = catalogue.files; file; file = file->next_numbered)
        file_export(&writer, file);
    processes_export(&writer);
    if (schema >= SCHEMA_UPDATES)
        state_write_u64(&writer, updates);
    catalogue_forget(&catalogue);
    return state_finish(&writer, KIND, schema);
}

// ---- Import ----

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

// FOUND receives how many pipes and files follow.
static void system_import(struct state_reader *reader, struct found *found)
{
    const struct system_record *record = state_view(reader, sizeof *record);
    last_pid = record->last_pid % (PID_MAX + 1);
    wall_restore(record->wall_boot);
    last_mapping = record->last_mapping;
    *found = (struct found){.pipe_count = record->pipes, .file_count = record->files};
    uint32_t places = record->places, thread_places = record->thread_places;
    if (record->mounts != mount_count || places > PROCESSES_MAX || thread_places > THREADS_MAX ||
        found->pipe_count > FILES_MAX || found->file_count > FILES_MAX)
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

static struct pipe *pipe_import(struct state_reader *reader)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);
    uint64_t filled = state_read_u64(reader), first = state_read_u64(reader);
    if (pipe)
        pipe->bytes = malloc(PIPE_SIZE);
    if (!pipe || !pipe->bytes)
        state_fail(reader, -ENOMEM);
    else if (filled > PIPE_SIZE || first > filled)
        state_refuse(reader);
    if (reader->failed)
        return pipe;
    pipe->filled = (uint32_t)filled;
    state_read(reader, pipe->bytes, first);
    state_read(reader, pipe->bytes + first, filled - first);
    return pipe;
}

// An end of a pipe counts for it.
static void file_pipe_join(struct open_file *file, struct pipe *pipe)
{
    file->pipe = pipe;
    if ((file->flags & OPEN_ACCESS) == OPEN_READ)
        pipe->readers++;
    else
        pipe->writers++;
}

static struct open_file *file_import(struct state_reader *reader, const struct found *found)
{
    const struct file_record *record = state_view(reader, sizeof *record);
    struct open_file *file = malloc(sizeof *file);
    if (!file)
        state_fail(reader, -ENOMEM);
    if (!file || record->pipe > found->pipe_count || record->mount >= mount_count) {
        state_refuse(reader);
        return file;
    }
    *file = (struct open_file){.flags = record->flags,
                               .mode = record->mode,
                               .device = record->device,
                               .place = {record->mount, record->node},
                               .file = record->file,
                               .position = record->position};
    if (record->pipe)
        file_pipe_join(file, found->pipes[record->pipe - 1]);
    else
        mounts[record->mount].opens++;
    if (!record->pipe)
        file_prepare(file);
    if (record->has_path)
        file->path = state_read_text(reader, PATH_SIZE);
    return file;
}

// Where it fails, the whole instance is thrown away: nothing is freed.
static void found_import(struct state_reader *reader, struct found *found)
{
    uint32_t pipes = found->pipe_count, files = found->file_count;
    found->pipe_count = found->file_count = 0;
    found->pipes = reader->failed ? NULL : malloc((pipes + files + 1) * sizeof(void *));
    found->files = (struct open_file **)(found->pipes + pipes);
    if (!found->pipes)
        state_fail(reader, -ENOMEM);
    while (!reader->failed && found->pipe_count < pipes)
        found->pipes[found->pipe_count++] = pipe_import(reader);
    while (!reader->failed && found->file_count < files)
        found->files[found->file_count++] = file_import(reader, found);
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
    const struct thread_record *record = state_view(reader, sizeof *record);
    if (reader->failed || !thread_is_sound(record)) {
        state_refuse(reader);
        return NULL;
    }
    struct thread *thread = &threads[record->index];
    thread->process = process;
    thread_fill(record, thread);
    mask_set(thread, record->blocked);
    thread->has_news |= process->life == LIFE_STOPPED || process->is_ending || executing;
    thread->event = inherit(reader, record->event);
    thread->handle = inherit(reader, record->handle);
    futex_restore(thread);
    return thread;
}

// COUNT threads, of which that number EXECUTING, if not 0, executes a program.
static void threads_import(struct state_reader *reader, uint32_t count, uint32_t executing,
                           struct process *process)
{
    struct thread **link = &process->threads;
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct thread *thread = thread_import(reader, process, executing != 0);
        if (!thread)
            return;
        *link = thread;
        link = &thread->next;
        process->thread_count++;
        further_threads += thread->tid != process->pid;
        if (executing == thread->tid)
            process->executing = thread;
    }
}

static void ranges_import(struct state_reader *reader, uint32_t count, struct memory *memory)
{
    if (!count)
        return;
    if (count > 2 * RANGES_MAX)
        state_refuse(reader);
    else if (!(memory->ranges = malloc(count * sizeof *memory->ranges)))
        state_fail(reader, -ENOMEM);
    if (!memory->ranges)
        return;
    memory->count = memory->capacity = count;
    state_read(reader, memory->ranges, count * sizeof *memory->ranges);
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

static void descriptors_import(struct state_reader *reader, const struct found *found,
                               struct file_table *table, uint32_t count)
{
    if (count > DESCRIPTORS_MAX) {
        state_refuse(reader);
        return;
    }
    const struct descriptor_record *record = state_view(reader, count * sizeof *record);
    for (uint32_t i = 0; i < count && !reader->failed; i++, record++) {
        if (record->number >= DESCRIPTORS_MAX || !record->file ||
            record->file > found->file_count) {
            state_refuse(reader);
            return;
        }
        struct open_file *file = found->files[record->file - 1];
        if (descriptor_fill(table, record->number, file, record->close_on_exec) < 0)
            state_fail(reader, -ENOMEM);
        else
            file->references++;
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
    process->limits = record->limits;
    process->has_executed = record->has_executed;
    process->arguments_length = record->arguments_length;
    process->directory = (struct place){record->directory_mount, record->directory_node};
    process->started = record->started;
    process->calls = record->calls;
    process->used = record->used;
    process->used_by_children = record->used_by_children;
    process->alarm_at = record->alarm_at;
    process->alarm_every = record->alarm_every;
    process->unknown_call = record->unknown_call;
    process->signals.pending = record->pending;
    process->is_ending = record->is_ending;
    process->memory.break_start = record->break_start;
    process->memory.break_end = record->break_end;
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
           (record->life == LIFE_ZOMBIE) == (record->threads == 0) &&
           (record->life != LIFE_ZOMBIE || record->descriptors == 0);
}

// PARENT receives the parent's number.
static void process_import(struct state_reader *reader, const struct found *found,
                           struct process *process, uint32_t *parent)
{
    const struct process_record *record = state_view(reader, sizeof *record);
    if (reader->failed || !process_is_sound(record)) {
        state_refuse(reader);
        return;
    }
    *parent = record->parent;
    process_fill(record, process);
    process->memory.space = inherit(reader, record->space);
    uint64_t actions = record->actions, origins = record->origins;
    uint32_t thread_count = record->threads, executing = record->executing;
    uint32_t ranges = record->ranges, shared = record->shared_ranges;
    uint32_t descriptors = record->descriptors;
    state_read(reader, process->arguments, process->arguments_length);
    signals_import(reader, &process->signals, actions, origins);
    threads_import(reader, thread_count, executing, process);
    ranges_import(reader, ranges, &process->memory);
    shared_import(reader, shared, &process->memory);
    process->directory_path = state_read_text(reader, PATH_SIZE);
    if (process->life != LIFE_ZOMBIE && files_create(&process->files) < 0)
        state_fail(reader, -ENOMEM);
    descriptors_import(reader, found, &process->files, descriptors);
}

static void processes_import(struct state_reader *reader, const struct found *found)
{
    uint32_t parents[PROCESSES_MAX];
    uint64_t count = state_read_u64(reader);
    if (count > places_used)
        state_refuse(reader);
    for (uint32_t i = 0; i < count && !reader->failed; i++)
        process_import(reader, found, &processes[i], &parents[i]);
    for (uint32_t i = 0; i < count && !reader->failed; i++)
        processes[i].parent = parents[i] ? process_find(parents[i]) : NULL;
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    struct state_reader reader;
    struct found found;
    state_open(&reader, state, KIND, schema);
    system_import(&reader, &found);
    terminal_import(&reader);
    found_import(&reader, &found);
    processes_import(&reader, &found);
    updates = 1 + (schema >= SCHEMA_UPDATES ? (uint32_t)state_read_u64(&reader) : 0);
    free(found.pipes);
    imported = true;
    return state_close(&reader);
}
