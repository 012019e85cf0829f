// SPDX-License-Identifier: MIT
// Signals, with Linux's numbers. Bit N - 1 of a set is signal N. All state is under process_lock.
//
// A signal is pending for a process, and goes to one of its threads that does not block it, or for
// one thread. Whoever makes one pending tells all threads that may take it (thread.has_news); the
// first that comes takes it, and the others go on with what they did. A thread that changes what it
// blocks looks for itself (mask_set). Pending and blocked sets are atomic and written before the
// other is read, so between the two a signal is not overlooked.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SIGNALS_MAX        64
#define SIGNAL_BIT(number) ((uint64_t)1 << ((number)-1))

enum signal_number {
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGSEGV = 11,
    SIGPIPE = 13,
    SIGALRM = 14,
    SIGTERM = 15,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
    SIGTSTP = 20,
    SIGTTIN = 21,
    SIGTTOU = 22,
    SIGURG = 23,
    SIGXFSZ = 25,
    SIGWINCH = 28,
    SIGSYS = 31,
};

#define HANDLER_DEFAULT 0
#define HANDLER_IGNORE  1

// What rt_sigaction sets, as it lies in user memory. The restorer is there with SA_RESTORER only.
struct signal_action {
    uint64_t handler;
    uint64_t flags;
    uint64_t mask;
    uint64_t restorer;
};

#define ACTION_NO_CHILD_STOP 0x1u
#define ACTION_NO_CHILD_WAIT 0x2u
#define ACTION_RESTORER      0x04000000u
#define ACTION_RESTART       0x10000000u
#define ACTION_NO_DEFER      0x40000000u
#define ACTION_RESET         0x80000000u

// Who sent a signal, for siginfo: the last one of each number counts.
struct signal_origin {
    int32_t code;
    uint32_t pid;
    uint32_t status;
    uint64_t address;
};

struct signal_state {
    _Atomic uint64_t pending;
    uint64_t special; // whose action may be another than the default
    struct signal_action actions[SIGNALS_MAX + 1];
    struct signal_origin origins[SIGNALS_MAX + 1];
};

// FUNCTION(number) for each signal of a set that an lvalue holds, which is used up.
#define EACH_SIGNAL(set, number)                                                                   \
    for (uint32_t number; (set) && (number = (uint32_t)__builtin_ctzll(set) + 1); (set) &= (set)-1)

#define ORIGIN_USER   0
#define ORIGIN_THREAD (-6) // tkill
#define ORIGIN_KERNEL 0x80

struct thread;
struct process;

// With process_lock held. Sends a signal to a process, to one thread, or to all of a group (number
// of those that there were).
void signal_send(struct process *process, uint32_t number, struct signal_origin origin);
void signal_send_thread(struct thread *thread, uint32_t number, struct signal_origin origin);
uint32_t signal_send_group(uint32_t group, uint32_t number, struct signal_origin origin);

enum delivery {
    DELIVERY_NOTHING, // no handler is to run: an interrupted call is issued again
    DELIVERY_HANDLED, // the registers are those of a handler
    DELIVERY_ENDED,   // the thread is no more and must not be touched
    DELIVERY_STOPPED, // it has stopped and was asked to leave: the core calls deliver, which waits
                      // on
};

// Where the process is stopped: sleeps until it goes on. False: it was asked to leave, and deliver
// will be called again.
bool stop_wait(struct thread *thread);

// Deals with what is pending, in the thread that it is for: ends or stops the process, or builds
// handlers' frames on its stack. *RESULT: what the system call returns so far, or NULL where the
// registers already are what they should be; FIRST: its first argument, for when the call is to be
// issued again after the handler.
enum delivery signals_deliver(struct thread *thread, const int64_t *result, uint64_t first);

// What the thread blocks from now on; it looks whether something is pending that it does not.
void mask_set(struct thread *thread, uint64_t mask);

// With process_lock held: drops what is pending of these signals, for the process and its threads.
void signals_drop(struct process *process, uint64_t set);

// A fault of the thread's own becomes pending. Unlike others it cannot be blocked or ignored.
void signal_force(struct thread *thread, uint32_t number, uint64_t address);

// With process_lock held, or nobody else there.
void signal_action_set(struct signal_state *state, uint32_t number,
                       const struct signal_action *action);

// Nothing is pending and all actions are the default again.
void signals_forget(struct signal_state *state);

// The actions of FROM, for a child that has the default ones.
void signals_inherit(struct signal_state *state, const struct signal_state *from);

// After execve: handlers are gone, ignored signals stay ignored.
void signals_reset(struct signal_state *state);

// The handler's frame (signal_frame.c): pushes one for signal NUMBER and redirects the registers.
// 0 or -EFAULT. `restored_mask` is what sigreturn sets.
struct user_registers;
int64_t frame_push(struct thread *thread, struct user_registers *registers, uint32_t number,
                   const struct signal_action *action, const struct signal_origin *origin,
                   uint64_t restored_mask);

// Undoes it: reads the frame at the user's sp. 0 or -EFAULT.
int64_t frame_pop(struct thread *thread, struct user_registers *registers, uint64_t *restored_mask);
