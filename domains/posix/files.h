// SPDX-License-Identifier: MIT
// Open files (what Linux calls open file descriptions) and the tables that descriptors index.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "fs.h"
#include "path.h"
#include "wait_queue.h"

#define DESCRIPTORS_MAX 256

// Linux's open flags.
#define OPEN_ACCESS        3u
#define OPEN_READ          0u
#define OPEN_WRITE         1u
#define OPEN_BOTH          2u
#define OPEN_CREATE        0100u
#define OPEN_EXCLUSIVE     0200u
#define OPEN_NO_TERMINAL   0400u
#define OPEN_TRUNCATE      01000u
#define OPEN_APPEND        02000u
#define OPEN_NONBLOCK      04000u
#define OPEN_DIRECT        040000u
#define OPEN_DIRECTORY     0200000u
#define OPEN_NO_FOLLOW     0400000u
#define OPEN_CLOSE_ON_EXEC 02000000u
#define OPEN_PATH          010000000u

#define SHORT_READ  1u
#define SHORT_WRITE 2u

#define PIPE_SIZE 65536u

struct pipe {
    uint8_t *bytes; // PIPE_SIZE
    uint32_t start, filled;
    uint32_t readers, writers;  // open files
    struct wait_queue queue;    // who waits for either end, poll too
    struct pipe *next_numbered; // while state is handed over, as of a file
    uint32_t number;
};

// Shared by all descriptors that were duplicated or inherited from one open().
struct open_file {
    _Atomic uint32_t references;
    uint32_t flags; // OPEN_*
    uint32_t mode;  // FS_* type
    uint32_t device;
    struct place place;
    uint64_t file;       // the file system's number
    handle_t backend;    // of a block device: the service behind it, once it is known; 0: not yet
    uint32_t short_ways; // SHORT_*: what may go there by the short way
    _Atomic uint64_t position;
    _Atomic uint32_t position_busy; // a transfer that will move the position is under way
    struct wait_queue position_queue;
    struct pipe *pipe;               // an end of it, by the access mode; then there is no place
    char *path;                      // of a directory: absolute, allocated
    struct open_file *next_numbered; // while state is handed over: those that are, (handover.c)
    uint32_t number;                 // and its number among them; else 0
};

struct descriptor {
    struct open_file *file;
    bool close_on_exec;
};

struct file_table {
    struct descriptor *entries; // NULL: the process is a zombie
    uint32_t used;              // from here on all have been empty so far
    uint32_t room;              // entries that there are, DESCRIPTORS_MAX at most
    uint32_t open;              // while state is handed over: how many refer to a file
};

struct thread;

// ---- file.c: descriptors ----
int64_t files_create(struct file_table *table);
uint32_t files_room(uint32_t number); // entries of a table that has that number
int64_t files_clone(struct file_table *to, struct file_table *from);
void files_close_all(struct thread *thread, struct file_table *table);
void files_close_on_exec(struct thread *thread, struct file_table *table);

// Makes a descriptor, below DESCRIPTORS_MAX, refer to FILE, whose reference it takes over.
// files_lock is held, or nobody else has the table yet. 0 or -ENOMEM.
int64_t descriptor_fill(struct file_table *table, uint32_t number, struct open_file *file,
                        bool close_on_exec);

// Whether execve closes it. -EBADF.
int64_t descriptor_close_set(struct thread *thread, uint32_t number, bool close_on_exec);

// The file behind a descriptor, with a reference that file_put gives back; NULL: -EBADF.
struct open_file *file_get(struct thread *thread, int32_t descriptor);
void file_put(struct thread *thread, struct open_file *file);

// The lowest free descriptor from LOWEST on, now referring to FILE, whose reference it takes over.
// -EMFILE, with the reference still the caller's.
int64_t descriptor_add(struct thread *thread, struct open_file *file, int32_t lowest,
                       bool close_on_exec);

// Opens what a walk has found. 0 or a negative errno.
int64_t file_open(struct thread *thread, struct walk *walk, uint32_t flags,
                  struct open_file **result);

static inline bool file_is_terminal(const struct open_file *file)
{
    return (file->mode & FS_TYPE) == FS_CHARACTER &&
           (file->device == FS_DEVICE_TTY || file->device == FS_DEVICE_CONSOLE);
}

// A position makes no sense for pipes and character devices.
static inline bool file_is_seekable(const struct open_file *file)
{
    return !file->pipe && (file->mode & FS_TYPE) != FS_CHARACTER;
}

// ---- transfer.c: bytes between a file and the calling process ----
// At *POSITION, which moves; NULL for the file's own. The count, or a negative errno.
int64_t file_read(struct thread *thread, struct open_file *file, uint64_t address, uint64_t n,
                  uint64_t *position);
int64_t file_write(struct thread *thread, struct open_file *file, uint64_t address, uint64_t n,
                   uint64_t *position);

// What comes after RESULT, the first answer to a request for what the thread's window shows, where
// that was not all. The count or a negative errno; -EAGAIN: wait as file_read does.
int64_t window_conclude(struct thread *thread, struct open_file *file, uint32_t length,
                        uint64_t position, bool is_read, RpcResult result);

// Waits until a request that was queued with BUFFER, whose completions come to the thread's event,
// has ended, whatever signals come: a device may be at the buffer. Its status. A driver that says
// that it has the request, and has not, keeps nobody waiting for ever: -EIO, and an RRef that is no
// window is freed then. *STILL_LENT: 0 where nobody has it any more.
int64_t queued_wait(struct thread *thread, rref_t buffer, uint64_t *still_lent);

// The file's own position is the caller's alone between these two. 0, or -EINTR: the thread has to
// leave.
int64_t position_take(struct thread *thread, struct open_file *file);
void position_give(struct open_file *file);

// Reads into own memory; for programs and directories. The count, or a negative errno.
int64_t file_read_kernel(struct thread *thread, struct open_file *file, void *to, uint64_t n,
                         uint64_t position);

// Reads into memory of any address space. The count, or a negative errno.
int64_t file_read_space(struct thread *thread, struct open_file *file, handle_t space,
                        uint64_t address, uint64_t n, uint64_t position);

// ---- poll.c ----
uint32_t file_poll(struct open_file *file);

// ---- pipe.c ----
int64_t pipe_create(struct open_file *ends[2], uint32_t flags);
void pipe_end_close(struct open_file *file);
int64_t pipe_read(struct thread *thread, struct open_file *file, uint64_t address, uint64_t n);
int64_t pipe_write(struct thread *thread, struct open_file *file, uint64_t address, uint64_t n);
uint32_t pipe_poll(struct open_file *file);
struct wait_queue *pipe_queue(struct open_file *file);
uint64_t pipe_filled(struct open_file *file);

// ---- terminal.c ----
// The event that tells of news from the terminal; 0 if there is none. It changes when the console
// is replaced, so nobody waits for it longer than the time below.
#define TERMINAL_PATIENCE_NS 1000000000u
handle_t terminal_event_handle(void);
// What an ioctl on a terminal does that concerns processes; -ENOTTY: it is for the terminal itself.
int64_t terminal_job_control(struct thread *thread, uint64_t request, uint64_t address);
// 0 if the process may use the terminal now, else it was sent a signal (-EINTR) or may not (-EIO).
int64_t terminal_check(struct thread *thread, uint32_t signal);
int64_t terminal_open(struct thread *thread, const struct open_file *file);
int64_t terminal_prepare(void); // what needs no predecessor; these two: 0 or a negative errno
int64_t terminal_start(void);   // its thread begins with terminal_watch
void terminal_watch(void);
// Its thread touches nothing from now on; -EBUSY: it does not come to an end.
int64_t terminal_stop(void);
struct state_writer;
struct state_reader;
void terminal_export(struct state_writer *writer);
void terminal_import(struct state_reader *reader);
void terminal_session_ended(uint32_t session);
uint32_t terminal_foreground(uint32_t session);
