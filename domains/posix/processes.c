// SPDX-License-Identifier: MIT
#include "processes.h"

#include <stdlib.h>
#include <string.h>
#include "core.h"
#include "log.h"
#include "manifest.h"
#include "ring.h"

struct mutex process_lock;
struct process processes[PROCESSES_MAX];
struct thread threads[PROCESSES_MAX];
uint32_t last_pid, places_used;

void place_use(uint32_t index)
{
    if (index >= places_used)
        places_used = index + 1;
}

// A cookie is never 0: generations start at 1.
uint64_t thread_cookie(const struct thread *thread)
{
    return (uint64_t)thread->generation << 32 | thread->index;
}

void thread_equip_late(struct thread *thread)
{
    while (!thread_equip(thread))
        core_yield(); // until memory is free again: the program must not end by an update
}

// What a thread needs to sleep and to talk to file systems; it stays with the place.
bool thread_equip(struct thread *thread)
{
    int64_t made = thread->event ? thread->event : core_event_create();
    if (made < 0)
        return false;
    thread->event = (handle_t)made;
    made = thread->names ? (int64_t)thread->names : core_rref_alloc(NAMES_SIZE, 0);
    if (made < 0)
        return false;
    thread->names = (rref_t)made;
    made = thread->data ? (int64_t)thread->data : core_rref_alloc(DATA_SIZE, 0);
    if (made < 0)
        return false;
    thread->data = (rref_t)made;
    made = thread->bytes ? (int64_t)thread->bytes : core_rref_alloc(DATA_SIZE, 0);
    if (made < 0)
        return false;
    thread->bytes = (rref_t)made;
    return true;
}

static struct thread *thread_create(struct process *process)
{
    for (uint32_t i = 0; i < PROCESSES_MAX; i++) {
        struct thread *thread = &threads[i];
        if (thread->process)
            continue;
        if (!thread_equip(thread))
            return NULL;
        thread->index = i;
        thread->generation++;
        thread->handle = 0;
        thread->blocked = thread->saved_blocked = 0;
        thread->restore_blocked = thread->is_restarting = thread->is_repeated = false;
        thread->progress = 0;
        thread->process = process;
        place_use(i);
        return thread;
    }
    return NULL;
}

// A number that is no process, group or session.
static uint32_t pid_choose(void)
{
    for (;;) {
        last_pid = last_pid % PID_MAX + 1;
        bool taken = false;
        for (uint32_t i = 0; i < places_used; i++) {
            const struct process *each = &processes[i];
            if (each->pid)
                taken |=
                    each->pid == last_pid || each->group == last_pid || each->session == last_pid;
        }
        if (!taken)
            return last_pid;
    }
}

struct process *process_create(void)
{
    mutex_lock(&process_lock);
    struct process *process = NULL;
    for (uint32_t i = 0; i < PROCESSES_MAX && !process; i++)
        if (!processes[i].pid)
            process = &processes[i];
    if (process) {
        memset(process, 0, sizeof *process);
        process->thread = thread_create(process);
        if (process->thread) {
            place_use((uint32_t)(process - processes));
            process->pid = pid_choose();
            process->started = core_time();
        } else {
            process = NULL;
        }
    }
    mutex_unlock(&process_lock);
    return process;
}

void process_free(struct process *process)
{
    process->thread->process = NULL;
    process->thread->ready = 0;
    process->pid = 0;
    process->life = LIFE_FREE;
}

struct process *process_find(uint32_t pid)
{
    for (uint32_t i = 0; i < places_used; i++)
        if (processes[i].life != LIFE_FREE && processes[i].pid == pid)
            return &processes[i];
    return NULL;
}

// Children go to process 1, which is told of those that have ended already.
static void children_hand_over(struct process *parent)
{
    struct process *first = process_find(1);
    bool has_news = false;
    for (uint32_t i = 0; i < places_used; i++) {
        struct process *child = &processes[i];
        if (child->life == LIFE_FREE || child->parent != parent)
            continue;
        child->parent = first;
        if (child->life != LIFE_ZOMBIE || !first)
            continue;
        signal_send(first, SIGCHLD, (struct signal_origin){.pid = child->pid});
        has_news = true;
    }
    if (has_news)
        queue_wake(&first->children_news);
}

static void parent_tell(struct process *process)
{
    struct process *parent = process->parent;
    const struct signal_action *action = parent ? &parent->signals.actions[SIGCHLD] : NULL;
    if (!parent) {
        process_free(process);
        return;
    }
    bool unwanted = action->handler == HANDLER_IGNORE || (action->flags & ACTION_NO_CHILD_WAIT);
    int32_t code = process->status & 0x7F ? 2 : 1; // CLD_KILLED, CLD_EXITED
    signal_send(
        parent, SIGCHLD,
        (struct signal_origin){.code = code, .pid = process->pid, .status = process->status >> 8});
    struct wait_queue *news = &parent->children_news;
    if (unwanted)
        process_free(process);
    queue_wake(news);
}

static void first_process_ended(uint32_t status)
{
    uint32_t code = status & 0x7F ? 128 + (status & 0x7F) : status >> 8 & 0xFF;
    if (status & 0x7F)
        log_printf("init was killed by signal %u: powering off", (unsigned)(status & 0x7F));
    core_power_off(HANDLE_POWER, code);
}

void process_exit(struct thread *thread, uint32_t status)
{
    struct process *process = thread->process;
    if (process->pid == 1)
        first_process_ended(status);
    ring_end(thread);
    files_close_all(thread, &process->files);
    memory_free(&process->memory);
    core_user_exit();
    mutex_lock(&process_lock); // its parent may still be noting the handle
    core_handle_close(thread->handle);
    free(process->directory_path);
    process->directory_path = NULL;
    process->alarm_at = 0;
    children_hand_over(process);
    if (process->session == process->pid)
        terminal_session_ended(process->session);
    process->status = status;
    process->life = LIFE_ZOMBIE;
    parent_tell(process);
    mutex_unlock(&process_lock);
}
