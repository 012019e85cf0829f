// SPDX-License-Identifier: MIT
// The threads of a process.
#include "core.h"
#include "handover_parts.h"

struct thread_record {
    uint32_t index, tid;
    handle_t event, handle;
    uint32_t restore_blocked, is_restarting, never_restarts, fault_number;
    uint64_t blocked, saved_blocked, pending, deadline, progress, fault_address;
    uint64_t clear_tid, robust_list;
    uint32_t futex_state, futex_bitset;
    uint64_t futex_object, futex_address, futex_order;
};

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

void threads_export(struct state_writer *writer, const struct process *process)
{
    EACH_THREAD(process, each)
    thread_export(writer, each);
}

// Handles of the predecessor, and where the own ones go.
static int32_t handles[INHERIT_MAX];
static handle_t *places[INHERIT_MAX];
static uint32_t handle_count;

void handles_import(struct state_reader *reader)
{
    uint32_t count = handle_count;
    int64_t status = core_handles_inherit(handles, count);
    handle_count = 0;
    if (status < 0)
        state_fail(reader, status);
    for (uint32_t i = 0; i < count && status == 0; i++) {
        *places[i] = (handle_t)handles[i];
        if (handles[i] < 0)
            state_fail(reader, handles[i]);
    }
}

void handle_import(struct state_reader *reader, handle_t handle, handle_t *place)
{
    if (!handle)
        return;
    if (handle_count == INHERIT_MAX)
        handles_import(reader);
    handles[handle_count] = (int32_t)handle;
    places[handle_count++] = place;
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
    handle_import(reader, record->event, &thread->event);
    handle_import(reader, record->handle, &thread->handle);
    if (record->futex_state || record->futex_order)
        futex_restore(thread);
    return thread;
}

void threads_import(struct state_reader *reader, uint32_t count, uint32_t executing,
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
