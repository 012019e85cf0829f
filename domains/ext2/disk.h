// SPDX-License-Identifier: MIT
// The disk below: one request at a time through one buffer, waited for, and beside it those
// that write out of another domain's. The volume's lock is held.
// A driver that crashes or is replaced meanwhile is waited for, and the request repeated.
#pragma once
#include <stdint.h>
#include "block.h"
#include "core.h"

#define DISK_BUFFER_SIZE 262144u

// The buffer, DISK_BUFFER_SIZE bytes, made at the first call; NULL: no memory. It may be another
// one after a transfer that failed.
uint8_t *disk_buffer(void);

// Bytes on the device, or a negative errno.
int64_t disk_size(void);
int64_t disk_read_only(void); // 1: it refuses writes

// Moves LENGTH bytes (at most DISK_BUFFER_SIZE, whole sectors) between the buffer's start and the
// device. 0 or a negative errno.
int64_t disk_transfer(enum block_operation operation, uint64_t offset, uint32_t length);

// Reads LENGTH bytes (whole sectors) straight into another domain's BUFFER, which was lent for the
// call under way. LENGTH: done. FS_QUEUED: its owner hears at its event when it is. An errno: it is
// not being read, and disk_transfer may do better.
int64_t disk_read_into(rref_t buffer, uint32_t start, uint64_t offset, uint32_t length);

// Begins to write LENGTH bytes (whole sectors) straight out of another domain's BUFFER, which was
// lent for the call under way: that must not end before disk_write_settle. Several may be on their
// way. Completions of the buffer come here from now on. 0 or a negative errno, which may be that of
// one before.
int64_t disk_write_begin(rref_t buffer, uint32_t start, uint64_t offset, uint32_t length);

// Waits for the end of all that was begun. 1, or 0 where nothing was, or a negative errno.
int64_t disk_write_settle(void);

// What was written is on the medium. 0 or a negative errno.
int64_t disk_flush(void);
