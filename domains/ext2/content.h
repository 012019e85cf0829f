// SPDX-License-Identifier: MIT
// The contents of regular files. Within volume_enter; the writing ones within an operation.
#pragma once
#include "volume.h"

// Copies up to LENGTH bytes at OFFSET into the buffer at START. The count, or a negative errno.
int64_t content_read(ext2_ino_t number, struct ext2_inode *inode, uint64_t offset, rref_t buffer,
                     uint32_t start, uint32_t length);

// The other way round; the file grows if it must, and INODE is written. All of it or an error.
int64_t content_write(ext2_ino_t number, struct ext2_inode *inode, uint64_t offset, rref_t buffer,
                      uint32_t start, uint32_t length);

int64_t content_resize(ext2_ino_t number, uint64_t size);

// The largest offset that the block addresses of a file reach.
uint64_t content_size_max(void);
