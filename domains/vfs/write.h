// SPDX-License-Identifier: MIT
// Pages that go to the file system. What is written stays in the cache until it is 5 s old, synced,
// or too much. All of it belongs to who holds vfs_lock.
//
// Room on the disk is taken when the file system sees the pages, so nothing is left in the cache
// that it may have no room for: where room is short, writes go through to it at once, and it says
// what fits.
#pragma once
#include "fetch.h"

// Writes LENGTH bytes of BUFFER at START to the file. The count, or a negative errno.
int64_t pages_write(uint32_t file, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length);

// The file ends at SIZE, by the file system's word: pages behind it go.
void pages_cut(uint32_t file, uint64_t size);

// A directory may have become a block larger.
void room_use(uint32_t pages);

// The file system has seen all pages: it is asked again at the next write.
void room_forget(void);

// Gives up to MAX dirty pages of the file to the file system. 0 or a negative errno, which is also
// remembered to be told (file_error_take). Pages of a file that is gone are dropped.
#define ALL_PAGES UINT32_MAX
int64_t file_write_back(uint32_t file, uint32_t max);

// All files. The first error.
int64_t files_write_back(void);

// An error that a write-back had, told once; else 0.
int64_t file_error_take(uint32_t file);

// For the writer: a part of what is due. When to come again: 0 at once, or WAIT_FOREVER.
uint64_t write_back_tend(void);

// What an earlier instance held open to write it back is let go.
void hold_recover(void);

// The moment of boot as the clock has it, before times are told.
void write_learn_time(void);

// ---- writer.c: a thread of the domain's own ----
int64_t writer_start(void);
void writer_stop(void);
void writer_wake(void);

extern struct mutex vfs_lock;
