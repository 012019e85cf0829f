// SPDX-License-Identifier: MIT
// Pages that come from the file system: in runs, several at once for who reads in order. A run that
// the file system has queued at the disk is waited for when it is needed and not before. All of it
// belongs to who holds vfs_lock.
#pragma once
#include "files.h"

#define RUN_PAGES  64u      // moved by one call at most: FS_TRANSFER_MAX
#define PAST_BYTES 0x20000u // the least that is moved past the cache

void fetch_start(void);

// May LENGTH bytes at OFFSET of a file of SIZE bytes be moved between the file system and the
// caller without a copy and a place in the cache? Whole pages, many, and of a file that is large.
bool goes_past_cache(uint64_t offset, uint32_t length, uint64_t size);

// Whether a read does: of what was not asked for before, so that what is read again and again comes
// to lie in the cache.
bool read_goes_past(uint32_t file, uint64_t offset, uint32_t length);

// Reads so. LENGTH, or FS_QUEUED, for the caller to pass on; anything else: it is not done.
int64_t read_past(uint32_t file, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length);

// Sees that the page has its bytes. COUNT: how many pages from here on the caller wants, which
// come along if they do at once. Its slot, or a negative errno.
int64_t page_fetch(uint32_t file, uint32_t page, uint32_t count);

// As slots_take, but writes pages back where all are dirty, and waits for what an earlier instance
// has lent. The slot or a negative errno.
int64_t slots_await(uint32_t wanted, uint32_t *count);

// A read from FIRST to END (bytes) of the file has been served: begins to read what comes next.
void pages_read_ahead(uint32_t file, uint64_t first, uint64_t end);

// Waits until nothing is on its way into the pool.
void pool_settle(uint32_t pool);

// Waits until nothing of the file is on its way, no longer than DEADLINE. Whether that is so.
bool file_settle(uint32_t file, uint64_t deadline);

// The same for all files.
bool files_settle(uint64_t deadline);

// The errno for what a call to the file system gave; 0 or its value.
int64_t lower_result(RpcResult result);
