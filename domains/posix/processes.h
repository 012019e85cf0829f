// SPDX-License-Identifier: MIT
// Processes and their threads. The core knows a user thread by its cookie, which names a place in
// the thread table and that place's generation: a cookie that outlived its thread finds nothing.
// A process has one thread so far; what belongs to a thread is kept apart from what its threads
// would share.
//
// Locks of posix, in the order in which they may be taken; none is held over a call to another
// domain or a sleep:
//   1. process_lock  the tables, families, groups, sessions, signals, the terminal's owner
//   2. files_lock    descriptor tables (file.c)
//   3. pipe_lock     pipes (pipe.c)
//   4. queue_lock    wait queues (wait_queue.c)
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "files.h"
#include "kernel/abi/core_entry.h"
#include "memory.h"
#include "mutex.h"
#include "path.h"
#include "process.h"
#include "signals.h"
#include "wait_queue.h"

// Each running process has a user thread, of which the core has some 500, and three handles, one
// event and up to four RRefs: what the manifest's limits allow for.
#define PROCESSES_MAX 256
#define PID_MAX       32768
#define NAMES_SIZE    8192u // of a thread's buffer for names
#define DATA_SIZE     4096u // of its buffer for small transfers and structures

struct process;

struct thread {
    // Its cookie if its next call needs no more than to be run; 0 if the thread lacks buffers, or
    // that call has been begun before. Aligned to a power of two, since each call looks it up.
    _Alignas(128) uint64_t ready;
    uint32_t index;
    uint32_t generation;
    struct process *process; // NULL: the place is free
    handle_t handle;         // for user_kick
    uint64_t blocked;        // signals
    uint64_t saved_blocked;  // to be restored once a signal has been dealt with
    bool restore_blocked;
    bool is_restarting; // the core will issue its system call again: it was only asked to leave
    bool is_repeated;   // this call is such a repetition
    bool is_asleep;     // for those who ask what it does
    uint64_t deadline;  // of a sleep that may be repeated
    uint64_t progress;  // bytes that a transfer had moved when it was interrupted
    struct ring *ring;  // requests in flight; NULL: it has never used any (ring.h)
    // These stay with the place when its thread ends.
    handle_t event;
    rref_t names;  // NAMES_SIZE, lent to file systems: names and link targets
    rref_t data;   // DATA_SIZE, lent to file systems: structures
    rref_t bytes;  // DATA_SIZE, lent to file systems: what is read and written in small pieces
    rref_t window; // over the caller's memory while larger pieces are; 0: not made yet
};

enum life { LIFE_FREE, LIFE_ALIVE, LIFE_STOPPED, LIFE_ZOMBIE };

struct process {
    uint32_t pid, group, session;
    enum life life;
    struct process *parent;
    struct thread *thread;
    uint32_t status;    // as wait4 tells it, once it is a zombie
    uint32_t stop_news; // status of a stop or continuation that wait4 has not told yet, or 0
    struct wait_queue children_news; // wait4 sleeps here
    struct wait_queue continued;     // a stopped thread sleeps here
    struct signal_state signals;
    struct memory memory;
    struct file_table files;
    struct place directory;
    char *directory_path; // absolute, allocated
    uint32_t umask;
    bool has_executed; // since it was forked: its parent may not change its group any more
    uint64_t started, calls;
    uint64_t alarm_at; // ns since boot, 0: none
    uint64_t alarm_every;
    char name[PROCESS_NAME_SIZE];
    char arguments[PROCESS_ARGUMENTS_SIZE];
    uint32_t arguments_length;
    bool is_victim;        // killed because memory is short
    uint64_t unknown_call; // the last number that was reported as not supported
    uint32_t unknown_reports;
};

extern struct mutex process_lock;
extern struct process processes[PROCESSES_MAX];
extern struct thread threads[PROCESSES_MAX];
extern uint32_t last_pid;    // that was given out
extern uint32_t places_used; // no place of the two tables from here on has ever been used
void place_use(uint32_t index);

// The thread of that cookie, or NULL.
static inline struct thread *thread_find(uint64_t cookie)
{
    uint32_t index = (uint32_t)cookie;
    if (index >= PROCESSES_MAX)
        return NULL;
    struct thread *thread = &threads[index];
    return thread->process && thread->generation == cookie >> 32 ? thread : NULL;
}

uint64_t thread_cookie(const struct thread *thread);

// Makes what a thread lacks of its event and buffers. False: no memory.
bool thread_equip(struct thread *thread);
// The same, insisting.
void thread_equip_late(struct thread *thread);

// thread_find where the thread itself comes in: after an update it gets its buffers only then.
static inline struct thread *thread_arrive(uint64_t cookie)
{
    struct thread *thread = thread_find(cookie);
    if (thread && !thread->bytes)
        thread_equip_late(thread);
    return thread;
}

// Whether the thread has a signal to deal with: one that is pending and not blocked.
static inline bool signal_is_pending(const struct thread *thread)
{
    return atomic_load_explicit(&thread->process->signals.pending, memory_order_relaxed) &
           ~thread->blocked;
}

// A new process with a thread, in LIFE_ALIVE but known to nobody, with no memory or files. NULL:
// too many processes, or no memory.
struct process *process_create(void);

// Frees one that is a zombie, or that process_create returned. process_lock held.
void process_free(struct process *process);

// With process_lock held: the process of that number that is not free, or NULL.
struct process *process_find(uint32_t pid);

// Ends the calling process with a wait status: files and memory go, children get a new parent. Only
// returns so that the thread can leave posix.
void process_exit(struct thread *thread, uint32_t status);

// Writes a line to where the process's errors go, if that is a file or the terminal.
void error_print(struct thread *thread, const char *line);

// Makes process 1 and starts it. 0 or a negative errno.
int64_t process_start_first(const char *path, const char *argument);

#define STATUS_EXIT(code)   (((uint32_t)(code)&0xFF) << 8)
#define STATUS_STOP(signal) (0x7Fu | (uint32_t)(signal) << 8)
#define STATUS_CONTINUED    0xFFFFu
