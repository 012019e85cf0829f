// SPDX-License-Identifier: MIT
// Processes and their threads. The core knows a user thread by its cookie, which names a place in
// the thread table and that place's generation: a cookie that outlived its thread finds nothing.
// The threads of a process share all but what struct thread has: memory, files, signal actions. A
// process ends with its last thread.
//
// Locks of posix, in the order in which they may be taken; none is held over a call to another
// domain or a sleep:
//   1. process_lock  the tables, families, groups, sessions, signals, the terminal's owner
//   2. files_lock    descriptor tables (file.c)
//   3. pipe_lock     pipes (pipe.c)
//   4. queue_lock    wait queues (wait_queue.c)
//   5. futex_lock    futex.c, a leaf
//   6. memory's      the ranges of a process with several threads (memory.c), a leaf
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "files.h"
#include "futex.h"
#include "kernel/abi/core_entry.h"
#include "limits.h"
#include "memory.h"
#include "mutex.h"
#include "path.h"
#include "process.h"
#include "signals.h"
#include "usage.h"
#include "wait_queue.h"

// Each thread is a user thread of the core, which has some 500, and takes two handles, one event
// and up to four RRefs; each process takes a handle: what the manifest's limits allow for.
#define PROCESSES_MAX   256
#define THREADS_MAX     320
#define PROCESS_THREADS 128 // that one process may have: others shall still get some
#define PID_MAX         32768
#define NAMES_SIZE      8192u // of a thread's buffer for names
#define DATA_SIZE       4096u // of its buffer for small transfers and structures

struct process;

// What a window shows, and goes on showing until it is to show something else (transfer.c).
struct shown {
    uint64_t address;
    uint64_t what; // length, protection and address space; 0: nothing
};

struct thread {
    // Its cookie if its next call needs no more than to be run; 0 if the thread lacks buffers, or
    // that call has been begun before. Aligned to a power of two, since each call looks it up.
    _Alignas(128) uint64_t ready;
    uint32_t index;
    uint32_t generation;
    struct process *process; // NULL: the place is free
    struct thread *next;     // of its process
    uint32_t tid;            // the first one's is the pid
    handle_t handle;         // for user_kick
    // There may be something for it to deal with before it goes on: a signal, a stop, its end. Set
    // by others, taken back by itself (signals.c).
    bool has_news;
    bool restore_blocked; // from saved_blocked
    bool is_restarting;   // the core will issue its system call again: it was only asked to leave
    bool is_repeated;     // this call is such a repetition
    bool never_restarts;  // after a handler it ends with -EINTR, SA_RESTART or not (signal(7))
    bool is_asleep;       // for those who ask what it does
    uint64_t calls;       // that its process has not counted yet
    _Atomic uint64_t blocked;         // signals
    _Atomic uint64_t pending;         // signals for this thread alone
    uint64_t saved_blocked;           // to be restored once a signal has been dealt with
    struct signal_origin fault;       // of the last fault of its own
    uint64_t deadline;                // of a sleep that may be repeated
    struct user_registers *registers; // where all are there: in a call that deliver makes
    uint64_t progress;                // bytes that a transfer had moved when it was interrupted
    struct ring *ring;                // requests in flight; NULL: it has never used any (ring.h)
    struct futex_wait futex;
    uint64_t clear_tid;   // user address that is set to 0 at its end, 0: none
    uint64_t robust_list; // user address of what it locks (futex.c), 0: none
    uint32_t fault_number;
    // These stay with the place when its thread ends.
    handle_t event;
    uint64_t event_seen; // its count, as the last sleep_again left it
    rref_t names;        // NAMES_SIZE, lent to file systems: names and link targets
    rref_t data;         // DATA_SIZE, lent to file systems: structures
    rref_t bytes;  // DATA_SIZE, lent to file systems: what is read and written in small pieces
    rref_t window; // over the caller's memory; 0: not made yet
    struct shown shown;
};
_Static_assert(!(sizeof(struct thread) & (sizeof(struct thread) - 1)), "a place is one shift away");

enum life { LIFE_FREE, LIFE_ALIVE, LIFE_STOPPED, LIFE_ZOMBIE };

struct process {
    uint32_t pid, group, session;
    enum life life;
    struct process *parent;
    struct thread *threads; // NULL: it is a zombie
    uint32_t thread_count;
    bool is_ending;           // all of its threads are to end, with `status`
    struct thread *executing; // all but this one are to end, which waits for that
    uint32_t status;          // as wait4 tells it, once it is a zombie
    uint32_t stop_news;       // status of a stop or continuation that wait4 has not told yet, or 0
    struct wait_queue children_news; // wait4 sleeps here
    struct wait_queue continued;     // a stopped thread sleeps here
    struct memory memory;
    struct file_table files;
    struct place directory;
    char *directory_path; // absolute, allocated
    uint32_t umask;
    bool has_executed; // since it was forked: its parent may not change its group any more
    uint64_t started;
    uint64_t calls;                // of threads that are no more
    struct usage used;             // by threads that are no more
    struct usage used_by_children; // that were waited for, and by theirs
    uint64_t alarm_at;             // ns since boot, 0: none
    uint64_t alarm_every;
    char name[PROCESS_NAME_SIZE];
    char arguments[PROCESS_ARGUMENTS_SIZE];
    uint32_t arguments_length;
    bool is_victim;        // killed because memory is short
    uint64_t unknown_call; // the last number that was reported as not supported
    uint32_t unknown_reports;
    struct limits limits;        // whoever makes a process sets them
    struct signal_state signals; // last: it is large, and mostly empty (signals_forget)
};

extern struct mutex process_lock;
extern struct process processes[PROCESSES_MAX];
extern struct thread threads[THREADS_MAX];
extern uint32_t last_pid; // that was given out
// No place of the tables of processes and of threads from here on has ever been used.
extern uint32_t places_used, thread_places_used;
extern uint32_t further_threads; // whose number is not their process's

static inline bool limit_file_is_set(const struct thread *thread)
{
    return thread->process->limits.of[LIMIT_FILE_SIZE].now != LIMIT_NONE;
}

// The thread of that cookie, or NULL.
static inline struct thread *thread_find(uint64_t cookie)
{
    uint32_t index = (uint32_t)cookie;
    if (index >= THREADS_MAX)
        return NULL;
    struct thread *thread = &threads[index];
    return thread->process && thread->generation == cookie >> 32 ? thread : NULL;
}

uint64_t thread_cookie(const struct thread *thread);

// Makes what a thread lacks of its event and buffers. False: no memory.
bool thread_equip(struct thread *thread);
// This call of the thread's ends with -EINTR after a handler, whatever SA_RESTART says (signal(7)).
static inline void call_never_restarts(struct thread *thread)
{
    thread->never_restarts = true;
    thread->ready = 0; // the next one takes it back
}

// The same as thread_equip, insisting.
void thread_equip_late(struct thread *thread);

// thread_find where the thread itself comes in: after an update it gets its buffers only then.
static inline struct thread *thread_arrive(uint64_t cookie)
{
    struct thread *thread = thread_find(cookie);
    if (thread && !thread->bytes)
        thread_equip_late(thread);
    return thread;
}

// Whether the thread has a signal to deal with, or is to stop or to end.
static inline bool signal_is_pending(const struct thread *thread)
{
    return __atomic_load_n(&thread->has_news, __ATOMIC_RELAXED);
}

// FUNCTION(each) for each thread of a process, process_lock held.
#define EACH_THREAD(process, each)                                                                 \
    for (struct thread *each = (process)->threads; each; each = (each)->next)

// The file behind a descriptor while one call uses it; NULL: -EBADF. Where a process has one
// thread, nobody can close it meanwhile, so nothing is counted.
struct file_use {
    struct open_file *file;
    bool is_counted;
};

static inline struct file_use file_use_counted(struct thread *thread, int32_t descriptor)
{
    struct open_file *file = file_get(thread, descriptor);
    return (struct file_use){file, file != NULL};
}

static inline struct file_use file_use_alone(const struct thread *thread, int32_t descriptor)
{
    const struct file_table *files = &thread->process->files;
    if ((uint32_t)descriptor >= files->used)
        return (struct file_use){0};
    return (struct file_use){files->entries[(uint32_t)descriptor].file, false};
}

static inline struct file_use file_use(struct thread *thread, int32_t descriptor)
{
    return thread->process->thread_count == 1 ? file_use_alone(thread, descriptor)
                                              : file_use_counted(thread, descriptor);
}

static inline void file_leave(struct thread *thread, struct file_use use)
{
    if (use.is_counted)
        file_put(thread, use.file);
}

// A new process with a thread, in LIFE_ALIVE but known to nobody, with no memory or files. NULL:
// too many processes, or no memory.
struct process *process_create(void);

// Frees one that is a zombie, or that process_create returned. process_lock held.
void process_free(struct process *process);

// With process_lock held: the process of that number that is not free, or the thread; or NULL.
struct process *process_find(uint32_t pid);
struct thread *thread_find_number(uint32_t tid);

// One more thread of a process, not running yet: 0 or -EAGAIN. process_lock held.
int64_t thread_add(struct process *process, struct thread **result);

// Takes it off its process and frees its place, its handle included. process_lock held.
void thread_remove(struct thread *thread);

// System calls that it has made. process_lock held.
uint64_t process_calls(const struct process *process);

// Has the other threads of a process look at what is to be done. process_lock held.
void threads_call(struct process *process, const struct thread *but);

// Whether the thread is to end, because its process ends or another thread executes a program.
static inline bool thread_is_ending(const struct thread *thread)
{
    const struct process *process = thread->process;
    return process->is_ending || (process->executing && process->executing != thread);
}

// Ends the calling thread; the last one of a process takes that along: files and memory go,
// children get a new parent. Only returns so that the thread can leave posix.
void thread_end(struct thread *thread);

// Ends the calling thread and all others of its process, with a wait status. Returns as above; the
// process is no more when the last of them is out.
void process_exit(struct thread *thread, uint32_t status);

// Ends all other threads, for execve. 0, or -EINTR: it was asked to leave, and goes on in the
// repeated call.
int64_t threads_end_others(struct thread *thread);

// The current directory, which other threads may change: its path goes to PATH (PATH_SIZE).
struct place directory_read(struct thread *thread, char *path);
// PATH: allocated, taken over.
void directory_set(struct thread *thread, struct place place, char *path);

// Writes a line to where the process's errors go, if that is a file or the terminal.
void error_print(struct thread *thread, const char *line);

// Makes process 1 and starts it. 0 or a negative errno.
int64_t process_start_first(const char *path, const char *argument);

#define STATUS_EXIT(code)   (((uint32_t)(code)&0xFF) << 8)
#define STATUS_STOP(signal) (0x7Fu | (uint32_t)(signal) << 8)
#define STATUS_CONTINUED    0xFFFFu
