// SPDX-License-Identifier: MIT
// A thread as the library knows it. `tp` points to the program's thread-local variables; right
// below lies a `struct thread_head`, which assembly and newlib find without a call, and `struct
// __pthread`, which a pthread_t points to, is somewhere else. Those of the first thread are in the
// program's own memory (linker/user.ld), those of others at the upper end of the block with their
// stack. Whatever is not said to be of one thread alone is atomic.
#pragma once

#include <pthread.h>
#include <reent.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Read by assembly at fixed offsets below tp: CANCEL_OFFSET in cancellation.S, -16 in sys/reent.h.
 */
struct thread_head {
    uint64_t reserved;
    atomic_uint cancel; /* CANCEL_... */
    struct _reent *reent;
    struct __pthread *self;
};

enum {
    CANCEL_PENDING = 1, /* somebody has asked for it */
    CANCEL_DISABLED = 2,
    CANCEL_ASYNCHRONOUS = 4,
};

/* Who takes a thread apart that has ended: who joins it, itself, or who detaches it. */
enum thread_mode { THREAD_JOINABLE, THREAD_DETACHED, THREAD_ENDED };

/* The kernel's struct robust_list_head: the list is closed at `first`. */
struct robust_list {
    struct __robust_link first; /* its __previous is where the kernel has the offset */
    struct __robust_link *pending;
};

struct thread_value {
    void *value;
    uint32_t generation; /* of the key that it was set for */
};

struct __pthread {
    struct thread_head *head;
    atomic_uint tid;   /* the kernel's number for it, written by the kernel; 0: not asked for yet */
    atomic_uint alive; /* cleared by the kernel when the stack is used no more */
    atomic_uint mode;
    bool is_of_process; /* the one that a process begins with: its number is the process's */
    bool has_stack_of_caller;
    bool has_robust_list;
    void *result;
    void *(*function)(void *);
    void *argument;
    struct __cleanup *cleanups; /* the innermost */
    struct robust_list robust;

    /* Of its block, under blocks_lock (block.c) */
    struct __pthread *next_block;
    char *block; /* lowest byte, the guard page included */
    size_t block_size;
    bool is_used;

    struct thread_value values[PTHREAD_KEYS_MAX];
};

/* The calling thread. */
static inline struct __pthread *thread_self(void)
{
    struct __pthread *self;
    __asm__("ld %0, -8(tp)" : "=r"(self));
    return self;
}

/* The number by which the kernel knows it, that of the caller for mutexes. */
uint32_t thread_number(struct __pthread *thread);

static inline uint32_t thread_self_number(void)
{
    struct __pthread *self = thread_self();
    uint32_t number = atomic_load_explicit(&self->tid, memory_order_relaxed);
    return number ? number : thread_number(self);
}

/* start.c: before anything else of the library runs. */
void thread_start_first(void);

/* Lays a thread's parts at the upper end of [bottom, top) and fills them. Returns the thread, above
   its stack, or NULL if there is no room. */
struct __pthread *thread_lay_out(char *bottom, char *top);

/* block.c: a thread with STACK_SIZE bytes of stack, or NULL; and when that stack is, or as soon as
   `alive` is cleared will be, of no use any more. */
struct __pthread *block_take(size_t stack_size);
void block_give(struct __pthread *thread);

/* After a fork, in the child: the threads besides the caller do not exist. */
void blocks_after_fork(void);
extern pthread_mutex_t blocks_lock;

/* key.c: at a thread's end. */
void values_destroy(struct __pthread *self);

/* create.c: threads that have begun and not ended. */
extern atomic_uint thread_count;
