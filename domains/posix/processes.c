// SPDX-License-Identifier: MIT
#include "processes.h"

#include <stdlib.h>
#include <string.h>
#include "calls.h"
#include "core.h"
#include "log.h"
#include "manifest.h"
#include "ring.h"
#include "window.h"

struct mutex process_lock;
struct process processes[PROCESSES_MAX];
struct thread threads[THREADS_MAX];
uint32_t last_pid, places_used, thread_places_used;
uint32_t further_threads;

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

// ---- Threads: under process_lock ----

static struct thread *thread_place(void)
{
    for (uint32_t i = 0; i < THREADS_MAX; i++) {
        struct thread *thread = &threads[i];
        if (thread->process)
            continue;
        if (!thread_equip(thread))
            return NULL;
        if (i >= thread_places_used)
            thread_places_used = i + 1;
        thread->index = i;
        return thread;
    }
    return NULL;
}

// The first of a process stays the first in its list.
static struct thread *thread_create(struct process *process)
{
    struct thread *thread = thread_place(), *first = process->threads;
    if (!thread)
        return NULL;
    thread->generation++;
    thread->handle = 0;
    thread->has_news = false;
    thread->blocked = thread->saved_blocked = thread->pending = 0;
    thread->restore_blocked = thread->is_restarting = thread->is_repeated = false;
    thread->progress = thread->calls = 0;
    thread->clear_tid = thread->robust_list = 0;
    thread->futex.state = FUTEX_IDLE;
    thread->process = process;
    thread->next = first ? first->next : NULL;
    *(first ? &first->next : &process->threads) = thread;
    process->thread_count++;
    return thread;
}

uint64_t process_calls(const struct process *process)
{
    uint64_t calls = process->calls;
    EACH_THREAD(process, each)
    calls += each->calls;
    return calls;
}

struct thread *thread_find_number(uint32_t tid)
{
    for (uint32_t i = 0; i < thread_places_used; i++)
        if (threads[i].process && threads[i].tid == tid)
            return &threads[i];
    return NULL;
}

static bool number_is_taken(uint32_t number)
{
    for (uint32_t i = 0; i < places_used; i++) {
        const struct process *each = &processes[i];
        if (each->pid && (each->pid == number || each->group == number || each->session == number))
            return true;
    }
    return further_threads && thread_find_number(number);
}

// A number that is no process, thread, group or session.
static uint32_t number_choose(void)
{
    do
        last_pid = last_pid % PID_MAX + 1;
    while (number_is_taken(last_pid));
    return last_pid;
}

int64_t thread_add(struct process *process, struct thread **result)
{
    if (process->thread_count >= PROCESS_THREADS)
        return -EAGAIN;
    struct thread *thread = thread_create(process);
    if (!thread)
        return -EAGAIN;
    thread->tid = number_choose();
    further_threads++;
    *result = thread;
    return 0;
}

void thread_remove(struct thread *thread)
{
    struct process *process = thread->process;
    struct thread **link = &process->threads;
    while (*link != thread)
        link = &(*link)->next;
    *link = thread->next;
    process->calls += thread->calls;
    process->thread_count--;
    further_threads -= thread->tid != process->pid;
    if (thread->handle)
        core_handle_close(thread->handle);
    thread->handle = 0;
    thread->ready = 0;
    thread->process = NULL;
}

void threads_call(struct process *process, const struct thread *but)
{
    EACH_THREAD(process, each)
    {
        if (each == but)
            continue;
        __atomic_store_n(&each->has_news, true, __ATOMIC_RELAXED);
        sleep_end(each);
        if (each->handle)
            core_user_kick(each->handle);
    }
}

int64_t threads_end_others(struct thread *thread)
{
    struct process *process = thread->process;
    if (process->thread_count > 1) {
        mutex_lock(&process_lock);
        bool is_late = thread_is_ending(thread);
        if (!is_late && !process->executing) {
            process->executing = thread;
            threads_call(process, thread);
        }
        mutex_unlock(&process_lock);
        if (is_late)
            return -EINTR;
        mask_replace(thread, ~(uint64_t)0); // from here on nothing but its end
    }
    while (process->thread_count > 1) {
        uint64_t seen = sleep_prepare(thread);
        if (process->thread_count > 1 && sleep_until(thread, seen, WAIT_FOREVER) == -EINTR)
            return -EINTR;
    }
    if (process->executing) {
        mutex_lock(&process_lock);
        process->executing = NULL;
        further_threads -= thread->tid != process->pid;
        thread->tid = process->pid;
        mutex_unlock(&process_lock);
        mask_return(thread);
    }
    return 0;
}

// ---- Processes ----

struct process *process_create(void)
{
    mutex_lock(&process_lock);
    struct process *process = NULL;
    for (uint32_t i = 0; i < PROCESSES_MAX && !process; i++)
        if (!processes[i].pid)
            process = &processes[i];
    if (process) {
        memset(process, 0, offsetof(struct process, limits));
        signals_forget(&process->signals);
        struct thread *thread = thread_create(process);
        if (thread) {
            if (process >= processes + places_used)
                places_used = (uint32_t)(process - processes) + 1;
            process->pid = thread->tid = number_choose();
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
    while (process->threads)
        thread_remove(process->threads);
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

// The last thread of a process is on its way out.
static void process_end(struct thread *thread)
{
    struct process *process = thread->process;
    if (process->pid == 1)
        first_process_ended(process->status);
    files_close_all(thread, &process->files);
    memory_free(&process->memory);
    const struct usage used = usage_of_end();
    mutex_lock(&process_lock); // its parent may still be noting the handle
    usage_add(&process->used, used);
    thread_remove(thread);
    free(process->directory_path);
    process->directory_path = NULL;
    process->alarm_at = 0;
    children_hand_over(process);
    if (process->session == process->pid)
        terminal_session_ended(process->session);
    process->life = LIFE_ZOMBIE;
    parent_tell(process);
    mutex_unlock(&process_lock);
}

// False: it is the last one.
static bool thread_leave(struct thread *thread)
{
    struct process *process = thread->process;
    mutex_lock(&process_lock);
    bool has_others = process->thread_count > 1;
    if (has_others) {
        usage_add(&process->used, usage_of_end());
        thread_remove(thread);
        if (process->executing && process->thread_count == 1)
            sleep_end(process->executing);
    }
    mutex_unlock(&process_lock);
    return has_others;
}

void thread_end(struct thread *thread)
{
    ring_end(thread);
    window_forget(thread);
    futex_thread_ends(thread);
    if (thread->process->thread_count > 1 && thread_leave(thread))
        return;
    process_end(thread);
}

void process_exit(struct thread *thread, uint32_t status)
{
    struct process *process = thread->process;
    bool has_others = process->thread_count > 1;
    if (has_others)
        mutex_lock(&process_lock);
    if (!process->is_ending) {
        process->is_ending = true;
        process->status = status;
        threads_call(process, thread);
    }
    if (has_others)
        mutex_unlock(&process_lock);
    thread_end(thread);
}

// ---- The current directory ----

struct place directory_read(struct thread *thread, char *path)
{
    const struct process *process = thread->process;
    mutex_lock(&process_lock);
    struct place place = process->directory;
    strcpy(path, process->directory_path);
    mutex_unlock(&process_lock);
    return place;
}

void directory_set(struct thread *thread, struct place place, char *path)
{
    struct process *process = thread->process;
    mutex_lock(&process_lock);
    char *old = process->directory_path;
    process->directory_path = path;
    process->directory = place;
    mutex_unlock(&process_lock);
    free(old);
}
