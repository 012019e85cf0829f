// SPDX-License-Identifier: MIT
// The core entries: what a domain can ask of the core. Word N of the gate page holds the address of
// entry N; a domain loads it with `ld s9, 8*N(gp)` and jumps. Words without an entry abort.
//
// Pointers are addresses in the caller's own slot (the core takes their low 32 bits), lengths are
// bytes, times nanoseconds since boot. Results are values >= 0 or a negative errno unless it says
// otherwise. domainlib/include/core.h wraps each in a C function with its documentation.
#pragma once

// CORE_ENTRY(number, name): calls core_NAME() in the kernel on the thread's core stack.
// The first entries are assembly of their own.
#define CORE_ENTRY_ABORT  0 // give up: the instance is aborted
#define CORE_ENTRY_RETURN 1 // pop the top frame, back to its caller
#define CORE_ENTRY_CALL   2 // the gate: t0 handle, t1 method, a0..a7 arguments
#define CORE_ENTRY_COPY   6 // memcpy(dst, src, n) within the slot, leaf
#define CORE_ENTRY_FILL   7 // memset(dst, byte, n) within the slot, leaf

#define CORE_ENTRIES(CORE_ENTRY)                                                                   \
    CORE_ENTRY(8, wait)               /* (struct wait_item *items, n, deadline) -> index */        \
    CORE_ENTRY(9, log)                /* (text, length) */                                         \
    CORE_ENTRY(10, heap_grow)         /* (bytes) -> offset of the old end */                       \
    CORE_ENTRY(11, time)              /* () -> ns since boot */                                    \
    CORE_ENTRY(12, event_create)      /* () -> handle */                                           \
    CORE_ENTRY(13, event_signal)      /* (event) -> its new count */                               \
    CORE_ENTRY(14, event_count)       /* (event) -> count */                                       \
    CORE_ENTRY(15, handle_close)      /* (handle) */                                               \
    CORE_ENTRY(16, thread_create)     /* (function, argument) -> thread number */                  \
    CORE_ENTRY(17, fault_take)        /* () -> class armed by `domain fault`, disarms */           \
    CORE_ENTRY(18, system_info)       /* (struct system_info *) */                                 \
    CORE_ENTRY(19, yield)             /* () */                                                     \
    CORE_ENTRY(20, handle_status)     /* (handle) -> 1 serving, 0 not, -EBADF */                   \
    CORE_ENTRY(21, handles_inherit)   /* (handles, n): the predecessor's become own ones */        \
    CORE_ENTRY(22, wait_one)          /* (event, seen, deadline) -> 0: as wait; a1: its count */   \
    CORE_ENTRY(24, rref_alloc)        /* (bytes, type) -> rref */                                  \
    CORE_ENTRY(25, rref_free)         /* (rref) */                                                 \
    CORE_ENTRY(26, rref_length)       /* (rref) -> bytes */                                        \
    CORE_ENTRY(27, rref_write)        /* (rref, offset, src, n): own memory into the RRef */       \
    CORE_ENTRY(28, rref_read)         /* (rref, offset, dst, n): the RRef into own memory */       \
    CORE_ENTRY(29, rref_copy)         /* (dst rref, offset, src rref, offset, n) */                \
    CORE_ENTRY(30, rref_fill)         /* (rref, offset, byte, n) */                                \
    CORE_ENTRY(31, rref_keep)         /* (rref, key, schema) */                                    \
    CORE_ENTRY(32, rref_kept)         /* (key, schema) -> rref of the last instance */             \
    CORE_ENTRY(33, rref_hold)         /* (lent rref): the loan lasts until rref_complete */        \
    CORE_ENTRY(34, rref_complete)     /* (lent rref, status): ends the loan, tells the owner */    \
    CORE_ENTRY(35, rref_completion)   /* (own rref, event, tag): where completions go */           \
    CORE_ENTRY(36, completion_reap)   /* (event, struct completion *, max) -> n */                 \
    CORE_ENTRY(37, completion_wait)   /* (event, ns) -> 0, 1: lent still; its status; or errno */  \
    CORE_ENTRY(40, mmio_read)         /* (device, offset, width) -> value */                       \
    CORE_ENTRY(41, mmio_write)        /* (device, offset, width, value) */                         \
    CORE_ENTRY(42, irq_event)         /* (device) -> event handle */                               \
    CORE_ENTRY(43, irq_done)          /* (device) */                                               \
    CORE_ENTRY(44, virtio_features)   /* (device) -> feature bits 0..23 and 42..63 offered */      \
    CORE_ENTRY(45, virtio_start)      /* (device, features, queues, size): reset, DRIVER_OK */     \
    CORE_ENTRY(46, virtio_config)     /* (device, offset, dst, n) */                               \
    CORE_ENTRY(47, virtio_post)       /* (device, queue, struct virtio_buffer *, n, cookie, */     \
                                      /*  VIRTIO_POST_*, head, head) */                            \
    CORE_ENTRY(48, virtio_notify)     /* (device, queue) */                                        \
    CORE_ENTRY(49, virtio_reap)       /* (device, queue, struct virtio_done *, max) -> n */        \
    CORE_ENTRY(50, virtio_stop)       /* (device): reset; what is posted comes back as lost */     \
    CORE_ENTRY(56, initrd_map)        /* (initrd capability) -> length, mapped at SLOT_INITRD */   \
    CORE_ENTRY(57, log_read)          /* (log capability, position, dst, n) -> n */                \
    CORE_ENTRY(58, power_off)         /* (power capability, status): does not return */            \
    CORE_ENTRY(59, command_line)      /* (dst, n) -> length */                                     \
    CORE_ENTRY(64, control_command)   /* (control, struct control_command *) */                    \
    CORE_ENTRY(65, control_service)   /* (control, index, struct service_info *) */                \
    CORE_ENTRY(66, control_image)     /* (control, index, struct image_info *) */                  \
    CORE_ENTRY(67, control_detail)    /* (control, name, dst, n) -> length of `key value` lines */ \
    CORE_ENTRY(68, control_watch)     /* (control, index, struct service_times *) */               \
    CORE_ENTRY(80, space_create)      /* (process) -> address space handle */                      \
    CORE_ENTRY(81, space_clone)       /* (space) -> handle of a copy-on-write copy */              \
    CORE_ENTRY(82, space_map)         /* (space, address, bytes, protection): zeroed pages */      \
    CORE_ENTRY(83, space_unmap)       /* (space, address, bytes) */                                \
    CORE_ENTRY(84, space_protect)     /* (space, address, bytes, protection) */                    \
    CORE_ENTRY(85, space_read)        /* (space, dst, user address, n) -> n */                     \
    CORE_ENTRY(86, space_write)       /* (space, user address, src, n) -> n */                     \
    CORE_ENTRY(87, space_read_string) /* (space, dst, user address, max) -> length */              \
    CORE_ENTRY(88, space_switch)      /* (space): the calling user thread runs there from now */   \
    CORE_ENTRY(89, space_pages)       /* (space) -> resident pages */                              \
    CORE_ENTRY(90, window_create)     /* (space, user address, n, protection) -> rref */           \
    CORE_ENTRY(91, window_aim)        /* (window, space, user address, n, protection) */           \
    CORE_ENTRY(92, user_start)        /* (space, cookie, struct user_registers *) -> handle */     \
    CORE_ENTRY(93, user_registers)    /* (struct user_registers *, write) of the calling thread */ \
    CORE_ENTRY(94, user_kick)         /* (thread): wakes it, and posix.deliver is called */        \
    CORE_ENTRY(95, user_cookie)       /* () -> cookie of the calling user thread, 0: none */       \
    CORE_ENTRY(96, user_exit)         /* (): the calling user thread ends; as user_time of it */   \
    CORE_ENTRY(97, user_time)         /* (thread) -> CPU time, ns: in user mode; a1: elsewhere */

// ---- Structures that pass between a domain and the core ----
#ifndef __ASSEMBLER__
#include <stdint.h>
#include "kernel/abi/rpc.h"

#define WAIT_ITEMS_MAX 16
#define WAIT_FOREVER   UINT64_MAX
#define INHERIT_MAX    64 // handles at once

// One event to wait for: it fires as soon as its count differs from `seen`.
struct wait_item {
    handle_t event;
    uint32_t reserved;
    uint64_t seen;
};

struct completion {
    uint64_t tag;
    int64_t status;
};

struct system_info {
    uint64_t uptime_ns;
    uint64_t idle_ns; // of all harts together
    uint64_t pages, free_pages;
    uint64_t rrefs, free_rrefs;
    uint32_t harts, threads, events, slots_free;
    uint64_t log_end;    // position one past the newest byte of the kernel log
    uint64_t icount;     // 1: booted with the word `icount`
    uint64_t kept_pages; // for reuse: stacks, tables that never shrink, pages still in slots
    uint64_t handles;
    uint64_t object_bytes; // of the core's small objects, whose pages count as kept
    // Nanoseconds since boot are (the time CSR - time_start) * time_scale >> 32; never changes.
    uint64_t time_start, time_scale;
};

// One piece of a request that is posted to a virtqueue (virtio 1.2, 2.7.5).
struct virtio_buffer {
    rref_t rref;
    uint32_t offset;
    uint32_t length;
    uint32_t device_writes; // 0 or 1; buffers that the device reads come first
    // 1: this is the end of what the RRef is on loan for. The core completes the loan with 0 once
    // the device is done, if the last byte that it wrote is 0; then no interrupt is told.
    uint32_t ends;
};

// What a request has beside its buffers. FRAMED: the device reads the 16 bytes of `head` before
// them, and writes a byte behind them, which is in virtio_done.status; both lie in the core's
// memory. There may be no buffers then. NOTIFY: virtio_notify follows, if it is posted.
#define VIRTIO_POST_FRAMED 1
#define VIRTIO_POST_NOTIFY 2

struct virtio_done {
    uint64_t cookie;
    uint32_t written;   // bytes, as the device says; UINT32_MAX: lost in a reset
    uint16_t completed; // 1: the loan that it ends has been
    uint16_t status;    // of a framed one: the last byte, 255 until the device writes it; else 0
};

enum control_operation {
    CONTROL_REGISTER = 1, // image: an RRef with the ELF file, `length` bytes of it
    CONTROL_LOAD,
    CONTROL_UPDATE,
    CONTROL_ROLLBACK,
    CONTROL_RESTART,
    CONTROL_STOP,
    CONTROL_FAULT,
    CONTROL_VERIFY, // image as for register
    CONTROL_SHADOW, // image: "on" or "off"
    CONTROL_FORGET, // image: its name
    CONTROL_FAIL,   // image: a kind of request, interface: which of them fails, flags: how many
                    // from there on; or image: "off"
};

// Where an armed fault is committed.
enum fault_stage {
    FAULT_IN_METHOD, // in the next call
    FAULT_IN_INIT,   // in the function of that name, the next time that the core calls it
    FAULT_IN_IMPORT,
    FAULT_IN_ATTACH,
    FAULT_IN_DETACH,
    FAULT_IN_EXPORT,
    FAULT_IN_EXIT,
    FAULT_IN_THREAD, // in a thread of the service's own, after its next wait
    FAULT_IN_REHEARSAL,
};

#define CONTROL_NAME_SIZE  24
#define CONTROL_REPLY_SIZE 256

// A command of the operator. The core fills in `reply`: one line that tells what was done, or why
// not and what to do, without a newline.
struct control_command {
    uint32_t operation; // enum control_operation
    uint32_t flags;     // CONTROL_STOP: 1 = force; CONTROL_FAULT: enum fault_stage
    char service[CONTROL_NAME_SIZE];
    char image[CONTROL_NAME_SIZE]; // load, update; the fault class for CONTROL_FAULT
    uint32_t interface;            // 0, or the number that the image must have
    uint32_t reserved;
    rref_t file;
    uint64_t length;
    char reply[CONTROL_REPLY_SIZE];
};

enum service_state {
    SERVICE_RUNNING,
    SERVICE_UPDATING,
    SERVICE_PROBATION,
    SERVICE_FAULTED,
    SERVICE_RESTARTING,
    SERVICE_STOPPED,
};

struct service_info {
    char name[CONTROL_NAME_SIZE];
    char image[CONTROL_NAME_SIZE];
    uint32_t version, id, state, interface;
    uint64_t calls, faults, restarts, pages, rrefs;
};

// How many calls of a service took how long, since somebody has watched. Bucket N counts those of
// less than bucket N + 1's first tick of the time CSR: with WATCH_PARTS buckets for each power of
// two.
#define WATCH_PARTS   4
#define WATCH_BUCKETS 128

struct service_times {
    char name[CONTROL_NAME_SIZE];
    uint32_t took[WATCH_BUCKETS]; // modulo 2^32
};

// The first tick of a bucket.
static inline uint64_t watch_bucket_start(uint32_t bucket)
{
    uint32_t row = bucket / WATCH_PARTS;
    return row ? (uint64_t)(WATCH_PARTS + bucket % WATCH_PARTS) << (row - 1) : bucket;
}

struct image_info {
    char name[CONTROL_NAME_SIZE];
    char interface_name[CONTROL_NAME_SIZE];
    uint32_t version, interface;
    uint64_t hash, size;
    char from[CONTROL_NAME_SIZE]; // "initrd" or "file"
};

#define PROTECTION_READ    1
#define PROTECTION_WRITE   2
#define PROTECTION_EXECUTE 4
#define PROTECTION_SHARED  8 // fork shares it instead of copying on write

struct user_registers {
    uint64_t pc;
    uint64_t x[32]; // x[0] is not used
    uint64_t f[32];
    uint64_t fcsr;
};
#endif
