// SPDX-License-Identifier: MIT
// The slow part of calls: RRefs and handles that travel with them, and services that do not serve.
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/control.h"
#include "kernel/domain.h"
#include "kernel/fault.h"
#include "kernel/gate.h"
#include "kernel/rref.h"
#include "kernel/thread.h"
#include "kernel/wait.h"
#include "kernel/watch.h"
#include "microcore/timer.h"
#include <stddef.h>

#define CLOSED_PAUSE_NS 100000ull
#define CLOSED_WAIT_NS  30000000000ull // longer than an update whose functions use up their limits

// Waits at a closed gate. Kicks are for whoever sleeps inside a domain, so they are kept for later.
static int64_t proxy_wait_served(struct proxy *proxy)
{
    struct thread *thread = thread_current();
    uint64_t deadline = time_now() + CLOSED_WAIT_NS;
    bool kicked = false;
    int64_t result = 0;
    for (;;) {
        uint64_t seen = event_count(proxy->opened);
        uint64_t due = control_recover(); // the control task would wait for itself
        struct version *version = __atomic_load_n(&proxy->version, __ATOMIC_ACQUIRE);
        if (version == &version_dead) {
            result = RPC_DEAD;
            break;
        }
        if (version != &version_closed)
            break;
        int64_t waited = wait_event(proxy->opened, seen, due < deadline ? due : deadline);
        if (waited == -EINTR) {
            kicked = true;
            task_block(time_now() + CLOSED_PAUSE_NS); // parking kicks again and again
        }
        if (thread->top->version->dead || thread->user_ending || time_now() >= deadline) {
            result = RPC_BUSY;
            break;
        }
    }
    if (kicked)
        __atomic_store_n(&thread->kicked, true, __ATOMIC_RELEASE);
    return result;
}

// Who is inside of the instance already passes its closed gate, since the drain waits for them.
// Returns the version, counted in; NULL: this thread is not inside. The instance may die at any
// time: the gate looks again.
static struct version *version_enter_again(const struct proxy *proxy)
{
    const struct thread *thread = thread_current();
    const struct domain *serving = __atomic_load_n(&proxy->domain, __ATOMIC_RELAXED);
    for (const struct frame *frame = thread->top; frame > thread->frames; frame--) {
        struct version *version = frame->version;
        if (!serving || version->domain != serving || version->dead)
            continue;
        version_count_in(version);
        return version;
    }
    return NULL;
}

// Hands argument INDEX of FRAME's call over to the domain that serves it. Returns RPC_OK or why
// not.
static int64_t argument_pass(struct frame *frame, enum argument_kind kind, uint32_t index,
                             uint64_t *value)
{
    struct domain *from = (frame - 1)->version->domain, *next = frame->version->domain;
    int64_t status = RPC_OK;
    if (kind == ARGUMENT_RREF) {
        status = rref_move(from, *value, next);
    } else if (kind == ARGUMENT_BORROW) {
        status = rref_lend(from, *value, next);
        if (status == RPC_OK)
            frame->carried |= 1u << index;
    } else if (kind == ARGUMENT_HANDLE) {
        int copied = handle_copy(from, (handle_t)*value, next);
        if (copied < 0)
            return copied == -EBADF ? RPC_NO_HANDLE : RPC_NO_MEMORY;
        *value = (uint64_t)copied;
    }
    return status;
}

// The first COUNT arguments of FRAME's call go back to the caller.
static void arguments_return(struct frame *frame, uint64_t *arguments, uint32_t count)
{
    const struct method_description *method = &frame->proxy->descriptions[frame_method(frame)];
    struct domain *from = (frame - 1)->version->domain, *next = frame->version->domain;
    for (uint32_t i = 0; i < count; i++) {
        if (method->arguments[i] == ARGUMENT_RREF &&
            rref_move(next, arguments[i], from) != RPC_OK) {
            rref_free(next,
                      arguments[i]); // it is lost with the callee, or the caller is at its limit
            arguments[i] = 0;
        } else if (method->arguments[i] == ARGUMENT_BORROW) {
            rref_return(arguments[i], next);
        } else if (method->arguments[i] == ARGUMENT_HANDLE) {
            int copied = handle_copy(next, (handle_t)arguments[i], from);
            handle_close(next, (handle_t)arguments[i]);
            arguments[i] = copied < 0 ? UINT32_MAX : (uint64_t)copied;
        }
    }
    frame->carried &= ~(uint64_t)FRAME_LENT_MASK;
}

// Nobody serves PROXY now, VERSION is closed or dead: waits for one who does and counts in there.
// Out of line, so that a call which meets a serving version saves no registers for this.
static __attribute__((noinline, cold)) struct version *
version_await_served(struct proxy *proxy, struct version *version, bool *passes, int64_t *status)
{
    while (!version->domain) {
        version_leave(version);
        version = version_enter_again(proxy);
        *passes = version != NULL;
        if (version)
            break;
        *status = proxy_wait_served(proxy);
        if (*status != RPC_OK)
            return NULL;
        version = version_enter(proxy);
    }
    return version;
}

// Counts in at the version that serves PROXY; waits for one. *passes: through a closed gate. NULL
// and *status: there is none.
static inline struct version *version_enter_served(struct proxy *proxy, bool *passes,
                                                   int64_t *status)
{
    struct version *version = version_enter(proxy);
    *passes = false;
    if (version->domain)
        return version;
    return version_await_served(proxy, version, passes, status);
}

// Fills in the callee's frame for CALL and passes all arguments to the version that serves now.
static RpcResult call_pass(struct proxy *proxy, struct gate_call *call, uint64_t carried)
{
    int64_t status;
    bool passes;
    struct version *version = version_enter_served(proxy, &passes, &status);
    if (!version)
        return rpc_error(status);
    const struct method_description *method = &proxy->descriptions[call->method];
    struct frame *frame = thread_current()->top + 1;
    frame->version = version;
    frame->proxy = proxy;
    frame->begun = call->method;
    frame->carried = FRAME_PREPARED | carried | proxy->carries[call->method].flags;
#pragma GCC unroll 8 // eight loads and stores; `memcpy` would be a call
    for (uint32_t i = 0; i < DOMAIN_ARGUMENTS_MAX; i++)
        frame->arguments[i] = call->arguments[i];
    uint32_t carriers = proxy->carries[call->method].arguments;
    for (uint32_t i = 0; carriers >> i; i++) {
        if (!(carriers >> i & 1))
            continue;
        status = argument_pass(frame, method->arguments[i], i, &call->arguments[i]);
        if (status != RPC_OK) {
            arguments_return(frame, call->arguments, i);
            version_leave(version);
            return rpc_error(status);
        }
    }
    return (RpcResult){RPC_OK, (uint64_t)version + passes};
}

RpcResult gate_prepare(struct gate_call *call, struct handle_entry *entry)
{
    struct thread *thread = thread_current();
    struct proxy *proxy = entry->proxy;
    if (!entry->object || proxy == &proxy_none || !proxy)
        return rpc_error(RPC_NO_HANDLE);
    if (!(entry->rights >> call->method & 1) || call->method >= proxy->method_count)
        return rpc_error(proxy->method_count ? RPC_DENIED : RPC_DEAD);
    if (thread->top == thread->frames + FRAMES_MAX - 1)
        return rpc_error(RPC_TOO_DEEP);
    entry->fast = proxy_fast(proxy, entry->rights); // the handle may be older than the service
    return call_pass(proxy, call, 0);
}

RpcResult gate_prepare_again(struct gate_call *call, struct frame *frame)
{
    const struct method_description *method = &frame->proxy->descriptions[call->method];
    arguments_return(frame, call->arguments, method->argument_count);
    version_leave(frame->version);
    return call_pass(frame->proxy, call, frame->carried & FRAME_TRIES_MASK);
}

RpcResult gate_wait_served(struct gate_call *call)
{
    struct proxy *proxy = thread_current()->top->proxy;
    frame_pop(false);
    return call_pass(proxy, call, 0);
}

RpcResult gate_repeat(struct proxy *proxy, struct gate_call *call, uint64_t try)
{
    return call_pass(proxy, call, try * FRAME_TRY);
}

// The RRef or handle that a method returned, as its caller's. RESULT changes when it cannot be.
// False: the method returned what it does not have.
static bool result_pass(struct frame *frame, RpcResult *result)
{
    struct domain *from = frame->version->domain;
    struct domain *caller = (frame - 1)->version->domain;
    if (result->status != RPC_OK || !caller)
        return true;
    if (frame->carried & (FRAME_RESULT_RREF | FRAME_PASSED)) {
        int64_t moved = rref_move(from, result->value, caller);
        if (moved == RPC_DENIED)
            return false;
        if (moved != RPC_OK) { // the caller's limit is spent, which is no fault of the callee
            rref_free(from, result->value);
            *result = rpc_error(moved);
        }
    } else if (frame->carried & FRAME_RESULT_HANDLE) {
        int copied = handle_copy(from, (handle_t)result->value, caller);
        if (copied == -EBADF)
            return false;
        *result = copied < 0 ? rpc_error(RPC_NO_MEMORY) : rpc_ok((uint64_t)copied);
    }
    return true;
}

RpcResult gate_finish(int64_t status, uint64_t value)
{
    struct frame *frame = thread_current()->top;
    RpcResult result = {status, value};
    watch_count(frame);
    if (result_pass(frame, &result))
        frame_pop(false);
    else
        fault_abort(FAULT_PROTOCOL, NULL, "returned an RRef or handle that it does not have");
    return result;
}
