// SPDX-License-Identifier: MIT
// Where system calls of user threads come in.
#include "calls.h"
#include "core.h"
#include "log.h"
#include "process_server.h"
#include "processes.h"
#include "ring.h"

typedef int64_t call_function(struct thread *thread, const uint64_t *a);

#define CALL_ENTRY(number, name) [number] = call_##name,
static call_function *const call_table[] = {CALLS(CALL_ENTRY)};
#define CALL_TABLE_SIZE (sizeof call_table / sizeof *call_table)

#define UNKNOWN_REPORTS 8

// Each unknown number is reported once in a row by a program, and so many of them: a program must
// not fill the log.
static int64_t call_unknown(struct thread *thread, uint64_t number)
{
    struct process *process = thread->process;
    if (process->unknown_call == number || process->unknown_reports == UNKNOWN_REPORTS)
        return -ENOSYS;
    process->unknown_call = number;
    process->unknown_reports++;
    log_printf("pid %u (%s): system call %llu is not supported", (unsigned)process->pid,
               process->name, (unsigned long long)number);
    return -ENOSYS;
}

// One whose number is not in the table.
static __attribute__((noinline)) int64_t call_other(struct thread *thread, uint64_t number,
                                                    const uint64_t *a)
{
    if (number == CALL_BLOCK_RING)
        return call_block_ring(thread, a);
    return number == CALL_POWEROFF ? call_poweroff(thread, a) : call_unknown(thread, number);
}

// What the call returns where that is not its result alone: it failed, or there is news for the
// thread, which `deliver` deals with, where all registers are there: the core calls it before user
// mode goes on. A call that was asked to leave and has nothing to tell is issued again by the core,
// perhaps to another instance.
static __attribute__((noinline)) RpcResult call_end(struct thread *thread, int64_t result)
{
    if (result == CALL_ENDED)
        return rpc_ok(0);
    bool again = result == -EINTR || result == CALL_DELIVERED;
    if (signal_is_pending(thread) || result == CALL_DELIVERED)
        core_user_kick(thread->handle);
    if (again) {
        thread->is_restarting = true;
        thread->ready = 0;
        return rpc_error(-ERESTART);
    }
    thread->progress = 0;
    return rpc_ok((uint64_t)result);
}

static inline RpcResult call_run(struct thread *thread, uint64_t number, const uint64_t *a)
{
    call_function *function = number < CALL_TABLE_SIZE ? call_table[number] : NULL;
    thread->calls++;
    __asm__("" : : : "memory"); // while its address is at hand
    int64_t result = function ? function(thread, a) : call_other(thread, number, a);
    if (result < 0 || signal_is_pending(thread))
        return call_end(thread, result);
    return rpc_ok((uint64_t)result);
}

// The thread comes in for the first time, or again with the call that it was asked to leave, or
// after that, or there is none of that cookie.
static __attribute__((noinline)) RpcResult call_arrive(uint64_t a0, uint64_t a1, uint64_t a2,
                                                       uint64_t a3, uint64_t a4, uint64_t a5,
                                                       uint64_t cookie, uint64_t number)
{
    const uint64_t a[] = {a0, a1, a2, a3, a4, a5};
    struct thread *thread = thread_arrive(cookie);
    if (!thread) {
        core_user_exit();
        return rpc_ok(0);
    }
    thread->is_repeated = thread->is_restarting;
    thread->is_restarting = thread->never_restarts = false;
    if (!thread->is_repeated) {
        thread->progress = 0;
        thread->ready = cookie;
    }
    return call_run(thread, number, a);
}

RpcResult process_do_syscall(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                             uint64_t a5, uint64_t cookie, uint64_t number)
{
    uint32_t index = (uint32_t)cookie;
    struct thread *thread = &threads[index];
    __asm__("" : "+r"(thread)); // kept as it is, not as base and index
    bool is_ready = index < sizeof threads / sizeof *threads && thread->ready == cookie;
    if (__builtin_expect(!is_ready, false))
        return call_arrive(a0, a1, a2, a3, a4, a5, cookie, number);
    const uint64_t a[] = {a0, a1, a2, a3, a4, a5};
    return call_run(thread, number, a);
}
