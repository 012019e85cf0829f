// SPDX-License-Identifier: MIT
// What travels through the `fs` interface beside integers: structures in RRefs, flags, and the
// error numbers that file systems need. Numbers are Linux's, so that posix passes them on as they
// are.
//
// A node or file number is chosen by the server and means nothing to anybody else. A node stays
// valid until it is removed and nobody has it open; then it gives -ESTALE. Buffers may be windows
// on a user's memory, which have no address: servers move data with rref_read and rref_write only.
#pragma once
#include <stdint.h>
#include "kernel/abi/error.h"

#ifndef EXDEV
#define EXDEV 18
#endif
#ifndef EMFILE
#define EMFILE 24
#endif
#ifndef ENOTTY
#define ENOTTY 25
#endif
#ifndef ESPIPE
#define ESPIPE 29
#endif
#ifndef EMLINK
#define EMLINK 31
#endif
#ifndef ENOTEMPTY
#define ENOTEMPTY 39
#endif
#ifndef ELOOP
#define ELOOP 40
#endif

// Bit of file numbers: the page cache's own. A file system whose files go through the cache leaves
// it clear, and gives all openings of a regular file one number.
#define FS_FILE_CACHED ((uint64_t)1 << 62)

#define FS_NAME_MAX   255
#define FS_TARGET_MAX 4095 // bytes of a symbolic link's target

// fs.read and fs.write: all LENGTH bytes are queued. The completion (status 0 or a negative errno)
// comes to the event that the buffer's owner has set on it; only the owner waits, outside the file
// system and the driver.
#define FS_QUEUED 0xFFFFFFFFu

// An fs.write of so many bytes or more may have the buffer written to a device as it is, and wait
// for that: completions of the buffer go to who does so, and whoever wants to hear of later ones
// sets its event on it anew behind the call.
#define FS_WRITE_LENT 0x10000u

// A transfer that was queued and completes with RPC_CRASHED has outlived its driver, and may be
// made again, so often in all.
#define FS_QUEUED_TRIES 3

// The largest LENGTH of one fs.read or fs.write: longer transfers are several calls.
#define FS_TRANSFER_MAX 0x40000u

// An fs.write of a regular file may have more, which lie in one RRef: to note where they come to
// lie is most of the work.
#define FS_WRITE_MAX 0x100000u

// File types, the upper bits of a mode.
#define FS_TYPE      0170000u
#define FS_SOCKET    0140000u
#define FS_SYMLINK   0120000u
#define FS_FILE      0100000u
#define FS_BLOCK     0060000u
#define FS_DIRECTORY 0040000u
#define FS_CHARACTER 0020000u
#define FS_FIFO      0010000u

// Flags of fs.open that a server acts on; it ignores the others.
#define FS_OPEN_ACCESS    3u // 0 read, 1 write, 2 both
#define FS_OPEN_TRUNCATE  01000u
#define FS_OPEN_APPEND    02000u
#define FS_OPEN_DIRECTORY 0200000u

// Results of fs.poll.
#define FS_POLL_IN     1u
#define FS_POLL_OUT    4u
#define FS_POLL_ERROR  8u
#define FS_POLL_HANGUP 16u

// The device number of a character or block device, as in fs_stat.device.
#define FS_DEVICE(major, minor) ((uint32_t)(major) << 8 | (uint32_t)(minor))
#define FS_DEVICE_TTY           FS_DEVICE(5, 0) // the caller's controlling terminal
#define FS_DEVICE_CONSOLE       FS_DEVICE(5, 1) // the terminal itself

// fs.control of a terminal, beside Linux's requests: the value is terminal.signals().
#define FS_CONTROL_SIGNALS 0xB001u

// Requests of fs.control to a file system as a whole, for which the file number is FS_WHOLE.
#define FS_WHOLE         0u
#define FS_CONTROL_MOUNT 0xB101u // takes its disk; value: FS_READ_ONLY. Result: how it is mounted
// All is on the disk, which others may have from then on. Else an error, and all stays as it is;
// with FS_FORCE as the value, what the disk does not take is given up, and the error tells of it.
#define FS_CONTROL_UNMOUNT 0xB102u
#define FS_CONTROL_SPACE   0xB103u // fills in struct fs_space
#define FS_READ_ONLY       1u
#define FS_FORCE           2u

struct fs_space {
    uint64_t type;       // Linux's magic number of it
    uint64_t block_size; // bytes
    uint64_t blocks, free_blocks;
    uint64_t files, free_files; // that there can be
};

// For FS_ATTRIBUTE_ACCESSED and MODIFIED: the present, by the file system's clock.
#define FS_TIME_NOW UINT64_MAX

struct fs_stat {
    uint64_t node;
    uint64_t size;     // bytes
    uint64_t blocks;   // of 512 bytes
    uint64_t accessed; // nanoseconds since boot
    uint64_t modified;
    uint64_t changed;
    uint32_t mode;
    uint32_t links;
    uint32_t user;
    uint32_t group;
    uint32_t device; // FS_DEVICE, of a device file
    uint32_t block_size;
};

// One directory entry: Linux's struct linux_dirent64, so that posix can lend the user's own memory.
struct fs_entry {
    uint64_t node;
    uint64_t next;   // the position after this entry
    uint16_t length; // of this record, a multiple of 8
    uint8_t type;    // mode >> 12
    char name[];     // ends with a NUL
};

#define FS_ENTRY_NAME                19 // offset of the name
#define FS_ENTRY_LENGTH(name_length) ((FS_ENTRY_NAME + (name_length) + 8u) & ~7u)

enum fs_attribute {
    FS_ATTRIBUTE_MODE,     // permission bits
    FS_ATTRIBUTE_OWNER,    // user << 32 | group
    FS_ATTRIBUTE_ACCESSED, // nanoseconds since boot
    FS_ATTRIBUTE_MODIFIED,
};
