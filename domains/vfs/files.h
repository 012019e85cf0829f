// SPDX-License-Identifier: MIT
// The files whose pages are in the cache, or that are open. All of it belongs to who holds
// vfs_lock.
#pragma once
#include "pages.h"

#define NO_FILE UINT32_MAX

// What this instance knows of a file beside its record.
struct file_use {
    uint64_t dirty_since; // nanoseconds since boot; 0: no page is dirty
    uint64_t read_end;    // where the last read ended: who goes on from there reads in order
    uint32_t ahead_end;   // the page after the last that was read ahead
    uint32_t ahead;       // how many pages were; 0: nobody reads in order
    uint64_t past_end;    // up to here it has been read past the cache, or may have been
};

extern struct file_use file_uses[FILES_MAX];

void files_start(void);
void files_recover(void);

// The place of the file that a node is, or NO_FILE.
uint32_t file_of_node(uint64_t node);

// A place for a file that has none. Files that nobody has open and that are not dirty go for it.
// NO_FILE: all are.
uint32_t file_make(uint64_t node, uint64_t lower, uint64_t size);

// Forgets a file with all of its pages.
void file_forget(uint32_t file);
void files_forget_all(void);

// ---- Numbers of open files: FS_FILE_CACHED tells them from those of the file system ----
uint64_t file_number(uint32_t file, bool appends);
bool file_appends(uint64_t number);

// The place of an open file. NO_FILE: there is none of that number.
uint32_t file_of_number(uint64_t number);

// The same, though it may be closed by now, and forgotten; but not where another file has got the
// place since.
uint32_t file_of_closed(uint64_t number);
