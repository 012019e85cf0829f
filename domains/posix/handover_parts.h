// SPDX-License-Identifier: MIT
// The parts of posix's state, each written by its export and read by its import (handover.c tells
// their order).
#pragma once
#include "processes.h"
#include "state.h"

#define FILES_MAX (PROCESSES_MAX * DESCRIPTORS_MAX)

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

// ---- handover_files.c ----

// All that descriptors refer to, numbered; until it is forgotten the files and pipes have the
// numbers.
void catalogue_make(struct catalogue *catalogue);

// The export may be made once more: numbers are those of one.
void catalogue_forget(const struct catalogue *catalogue);

// The pipes, then the files.
void catalogue_export(struct state_writer *writer, const struct catalogue *catalogue);

// FOUND says how many of each there are to read, and receives them; found->pipes is to be freed.
// Where it fails, the whole instance is thrown away: nothing is freed.
void found_import(struct state_reader *reader, struct found *found);

// All of a process, of which files.open says how many there are.
void descriptors_export(struct state_writer *writer, const struct process *process);
// TABLE is empty, and is made.
void descriptors_import(struct state_reader *reader, const struct found *found,
                        struct file_table *table, uint32_t count);

// ---- handover_threads.c ----

void threads_export(struct state_writer *writer, const struct process *process);

// COUNT threads, of which that number EXECUTING, if not 0, executes a program.
void threads_import(struct state_reader *reader, uint32_t count, uint32_t executing,
                    struct process *process);

// *PLACE receives the successor's own of the predecessor's HANDLE, unless that is 0: many at once,
// at handles_import, which ends the import.
void handle_import(struct state_reader *reader, handle_t handle, handle_t *place);
void handles_import(struct state_reader *reader);

// ---- handover_processes.c ----

void processes_export(struct state_writer *writer);
void processes_import(struct state_reader *reader, const struct found *found);

// ---- ready.c ----

// Gets memory ready for an import. Where there is none, the import asks for it.
void ready_prepare(void);
// N bytes, full of zeros, to be given to `free` as any; NULL: no memory.
void *ready_alloc(size_t n);
// As state_read_text.
char *ready_text(struct state_reader *reader, uint64_t max);
// Gives back what is left, when nobody waits any more.
void ready_forget(void);
