// SPDX-License-Identifier: MIT
// Processes, with what belongs to one alone: arguments, signals, memory.
#include <stdlib.h>
#include <string.h>
#include "handover_parts.h"

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
            *(struct signal_action *)state_room(writer, sizeof(struct signal_action)) =
                signals->actions[number];
        if (origins & SIGNAL_BIT(number))
            *(struct signal_origin *)state_room(writer, sizeof(struct signal_origin)) =
                signals->origins[number];
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
    record->descriptors = process->files.open;
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

static void process_export(struct state_writer *writer, const struct process *process)
{
    struct process_record *record = state_room(writer, sizeof *record);
    process_record_fill(record, process);
    uint64_t actions = record->actions, origins = record->origins;
    state_write(writer, process->arguments, process->arguments_length);
    signals_export(writer, &process->signals, actions, origins);
    threads_export(writer, process);
    state_write(writer, process->memory.ranges,
                process->memory.count * sizeof *process->memory.ranges);
    state_write(writer, process->memory.shared,
                process->memory.shared_count * sizeof *process->memory.shared);
    state_write_text(writer, process->directory_path);
    descriptors_export(writer, process);
}

void processes_export(struct state_writer *writer)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < places_used; i++)
        count += processes[i].life != LIFE_FREE;
    state_write_u64(writer, count);
    for (uint32_t i = 0; i < places_used; i++)
        if (processes[i].life != LIFE_FREE)
            process_export(writer, &processes[i]);
}

static void ranges_import(struct state_reader *reader, uint32_t count, struct memory *memory)
{
    if (!count)
        return;
    if (count > 2 * RANGES_MAX)
        state_refuse(reader);
    else if (!(memory->ranges = ready_alloc(count * sizeof *memory->ranges)))
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
    memcpy(process->name, record->name, sizeof process->name); // words
    process->name[sizeof process->name - 1] = 0;
}

static void signals_import(struct state_reader *reader, struct signal_state *signals,
                           uint64_t actions, uint64_t origins)
{
    uint64_t either = actions | origins;
    signals->special = actions;
    EACH_SIGNAL(either, number)
    {
        if (actions & SIGNAL_BIT(number))
            signals->actions[number] =
                *(const struct signal_action *)state_view(reader, sizeof(struct signal_action));
        if (origins & SIGNAL_BIT(number))
            signals->origins[number] =
                *(const struct signal_origin *)state_view(reader, sizeof(struct signal_origin));
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
    handle_import(reader, record->space, &process->memory.space);
    uint64_t actions = record->actions, origins = record->origins;
    uint32_t thread_count = record->threads, executing = record->executing;
    uint32_t ranges = record->ranges, shared = record->shared_ranges;
    uint32_t descriptors = record->descriptors;
    state_read(reader, process->arguments, process->arguments_length);
    signals_import(reader, &process->signals, actions, origins);
    threads_import(reader, thread_count, executing, process);
    ranges_import(reader, ranges, &process->memory);
    shared_import(reader, shared, &process->memory);
    process->directory_path = ready_text(reader, PATH_SIZE);
    if (process->life != LIFE_ZOMBIE)
        descriptors_import(reader, found, &process->files, descriptors);
}

void processes_import(struct state_reader *reader, const struct found *found)
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
