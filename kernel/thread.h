// SPDX-License-Identifier: MIT
// Threads and their continuation stacks.
//
// A thread is a task that can enter domains: it has a stack of 32 continuation frames in core
// memory, one for each domain that it is inside of, the core itself at the bottom. The page behind
// the last frame is not mapped: the gate's store there faults, which is RPC_TOO_DEEP.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/layout.h"
#include "kernel/abi/manifest.h"
#include "kernel/abi/rpc.h"
#include "kernel/event.h"
#include "microcore/layout.h"
#include "microcore/task.h"
#include "microcore/trap.h"

struct version;
struct proxy;
struct domain;
struct space;
struct job;

#define FRAMES_MAX 32

// Who a thread is inside of. 128 bytes: 32 frames are one page.
struct frame {
    uint64_t ra, sp;         // where its code goes on when its callee or core entry returns
    struct version *version; // whose code runs in this frame; &version_core for the core
    uint64_t stack;          // offset in the slot of its initial sp, constant
    struct proxy *proxy;     // called through; NULL: a domain's own thread, or the core
    union {                  // one store begins a call
        struct {
            uint16_t method; // number, and FRAME_SAVED where the gate has saved the arguments
            // What it has used up of its limits
            uint16_t ran_ms;    // own CPU time, as far as it was charged
            uint32_t waited_us; // own waiting time
        };
        uint64_t begun; // the method alone
    };
    uint64_t carried; // FRAME_*: which arguments are lent, and flags; non-zero: the slow way back
    uint64_t entered; // of a call that is FRAME_WATCHED: when, time CSR
    uint64_t arguments[DOMAIN_ARGUMENTS_MAX]; // what a repeated request begins with
};

#define FRAME_SAVED         0x100  // in `method`
#define FRAME_LENT_MASK     0xFF   // bit N: argument N is an RRef that is lent for this call
#define FRAME_RESULT_RREF   0x100  // the result is an RRef that moves to the caller
#define FRAME_RESULT_HANDLE 0x200  // the result is a handle that is copied into the caller's table
#define FRAME_PREPARED      0x400  // set for every call that went the slow way
#define FRAME_LENT_ALONE    0x800  // lent by the gate, and nothing else: where its record is
#define FRAME_TRY           0x1000 // counts up with each repetition of the request
#define FRAME_TRIES_MASK    0x3000
#define FRAME_UNCOUNTED     0x4000 // not a reader: life-cycle call or a domain's own thread
// Who drains the version wants to know when the last such call is over. Set by the control task
// while the thread may run, so it may also come too late, be lost, or hit the next call that uses
// the frame.
#define FRAME_AWAITED      0x8000
#define FRAME_RECORD_SHIFT 16 // of an address in the bits above, for FRAME_LENT_ALONE
// Alone: argument 0 is an RRef that the gate has moved, and the result is one. No bit of a record's
// address, so it may be asked for in any frame.
#define FRAME_PASSED 0x10000
// When it was entered is known, and how long it took is to be counted (kernel/watch.c). Together
// with FRAME_AWAITED, for the slow way back. No bit of a record's address either.
#define FRAME_WATCHED 0x20000

static inline uint64_t frame_method(const struct frame *frame)
{
    return frame->method & ~(uint64_t)FRAME_SAVED;
}

// Who may wait for ever has its CPU budget from one wait to the next.
static inline void frame_renew(struct frame *frame)
{
    frame->ran_ms = 0;
    frame->waited_us = 0;
}

struct thread {
    struct task task; // first: `tp` points here
    struct frame *top;
    struct proxy *process;         // of a user thread: the service that gets its system calls
    uint64_t cookie;               // by which that service knows it
    struct frame *call_frame;      // of its system calls, the first above the core's
    struct trap_frame *user_frame; // registers while it is inside the core
    union {                        // what is to be done before it goes back to user mode
        struct {
            uint32_t user_pending; // user_kick: deliver
            bool user_ending;      // user_exit was called
            bool registers_set;    // user_registers wrote: the system call's value is not stored
        };
        uint64_t user_news; // any of these
    };
    // -- end of what assembly uses --
    struct frame *frames;
    uint32_t number; // 0 .. STACK_THREADS - 1
    bool in_use;
    uint32_t kicked; // its next wait, or the one it is in, gives -EINTR; LOCK_THREAD
    struct lock lock;
    uint64_t charged;            // how far its task_ran is charged to frames, or to nobody
    struct domain *owner;        // whose own thread it is; NULL: the core's or a user thread
    uint64_t function, argument; // of a domain's own thread
    // User threads
    bool is_user;
    struct object object; // what posix holds a handle of
    struct space *space;  // one use
    struct job *job;      // life-cycle job that it waits for, even over a kick
};

extern struct thread *threads[STACK_THREADS]; // from 1 on without gaps; records stay

static inline struct thread *thread_current(void)
{
    struct thread *thread;
    __asm__("mv %0, tp" : "=r"(thread)); // the same for as long as a function runs
    return thread;
}

// The thread that an OBJECT_THREAD handle names.
static inline struct thread *thread_of_object(struct object *object)
{
    return (struct thread *)((char *)object - __builtin_offsetof(struct thread, object));
}

// Is the current task a thread? Idle tasks and the boot's are not.
static inline bool thread_is_known(const struct thread *thread)
{
    return thread->task.core_stack_low >= THREAD_AREA &&
           thread->task.core_stack_low < THREAD_AREA_END;
}

// The domain in whose code the current thread is (its top frame's); NULL in the core.
struct domain *thread_domain(void);
// The address space that the calling thread runs programs in, and that its hart has loaded; NULL:
// none.
struct space *thread_space(void);

// A thread that runs function(argument) in the core. Not started. NULL when there is none left.
struct thread *thread_create(const char *name, void (*function)(void *), void *argument);
__attribute__((noreturn)) void thread_exit(void);
// The record of an ended thread may be used again (user threads: once no handle names them).
void thread_release(struct thread *thread);
// Makes a sleeping thread's wait return -EINTR, or its next one. Any context.
void thread_kick(struct thread *thread);
uint32_t thread_count(void); // in use
