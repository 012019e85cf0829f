// SPDX-License-Identifier: MIT
// A process's address space as posix lays it out. The core keeps the pages; here is which ranges
// are taken, so that mmap can choose free ones.
//   program at its own addresses, break behind it; mappings from MAPPINGS_END down; the stack, and
//   above it the page that signal handlers return to.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/rpc.h"
#include "limits.h"

#define PAGE_SIZE     4096u
#define PAGE_ROUND(n) (((n) + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1))

#define USER_START   0x10000u
#define TRAMPOLINE   0x3FFFFFE000u
#define STACK_END    0x3FFFFF0000u
#define STACK_SIZE   0x800000u
#define MAPPINGS_END (STACK_END - STACK_SIZE - 0x100000u)
#define BREAK_LIMIT  0x1000000000u
#define RANGES_MAX   1024u
#define SHARED_MAX   64u // ranges of a process that are shared

struct range {
    uint64_t start, end;
};

// A range that children share, and which mapping it is of: memory at that place in the mapping is
// the same for all who have it.
struct shared_range {
    uint64_t start, end;
    uint64_t mapping; // a number that no other mapping has
    uint64_t offset;  // of START in it
};

// Mapped ranges sorted by address, next to each other only if they touch. Where a process has
// several threads, its memory's lock covers them and what is mapped (memory.c).
struct memory {
    handle_t space;
    uint64_t break_start, break_end;
    struct range *ranges;
    uint32_t count, capacity;
    struct shared_range *shared; // in no order, SHARED_MAX or NULL
    uint32_t shared_count;
};

struct mutex;
struct process;
struct thread;

// A copy-on-write copy for fork, for a process that has no memory yet. 0 or a negative errno.
int64_t memory_clone(struct process *to, struct process *from);

// Locks a process's memory, which only other threads of its own could use meanwhile: nothing is
// done, and the result is NULL, where there are none. To be given to memory_unlock.
struct mutex *memory_lock(struct process *process);
void memory_unlock(struct mutex *lock);

// ---- Shared ranges (shared.c), memory locked. -ENOMEM: too many.
int64_t shared_note(struct memory *memory, uint64_t address, uint64_t length);
// A range that is unmapped. False: not now, since what is left of a shared one has no place.
bool shared_can_forget(const struct memory *memory, uint64_t start, uint64_t end);
void shared_forget(struct memory *memory, uint64_t start, uint64_t end); // where it can
int64_t shared_clone(struct memory *to, const struct memory *from);

// Is ADDRESS shared with other processes? Then *MAPPING and *PLACE receive where it is for all of
// them.
bool memory_shared_find(struct process *process, uint64_t address, uint64_t *mapping,
                        uint64_t *place);
extern uint64_t last_mapping; // number that was given out

// Gives the address space back.
void memory_free(struct memory *memory);

// Takes a free range of LENGTH bytes (whole pages), or exactly that at ADDRESS if it is not 0.
// -ENOMEM.
int64_t range_take(struct memory *memory, uint64_t address, uint64_t length);
void range_give(struct memory *memory, uint64_t address, uint64_t length);

// Would LENGTH bytes more be beyond that limit, which may be LIMIT_NONE? The stack does not count.
bool memory_exceeds(const struct memory *memory, uint64_t limit, uint64_t length);
static inline bool memory_is_beyond(const struct memory *memory, uint64_t limit, uint64_t length)
{
    return limit != LIMIT_NONE && memory_exceeds(memory, limit, length);
}

// The system calls.
int64_t call_brk(struct thread *thread, const uint64_t *a);
int64_t call_mmap(struct thread *thread, const uint64_t *a);
int64_t call_munmap(struct thread *thread, const uint64_t *a);
int64_t call_mprotect(struct thread *thread, const uint64_t *a);

// Copies between own memory and the calling process's. 0, or -EFAULT where not all could be
// copied. May sleep, where memory is short: no lock is held.
int64_t user_read(struct thread *thread, void *to, uint64_t address, uint64_t n);
int64_t user_write(struct thread *thread, uint64_t address, const void *from, uint64_t n);
