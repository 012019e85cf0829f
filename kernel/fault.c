// SPDX-License-Identifier: MIT
#include "kernel/fault.h"
#include "kernel/control.h"
#include "kernel/domain.h"
#include "kernel/gate.h"
#include "kernel/log.h"
#include "kernel/reclaim.h"
#include "kernel/rref.h"
#include "kernel/thread.h"
#include "kernel/user.h"
#include "kernel/watch.h"
#include "microcore/hart.h"
#include "microcore/panic.h"
#include "microcore/string.h"
#include "microcore/timer.h"
#include <stddef.h>

#define TRIES_MAX      3    // of one request
#define LIFE_BUDGET_MS 2000 // CPU time for init, attach, export, import, detach, exit
#define TICK_MS        (TICK_NS / 1000000)

// ---- Death of a domain ----

// The current thread's top frame does not sleep, and leaves by itself: its kick would end the next
// wait of the request that is made again.
static bool thread_may_sleep_in(const struct thread *thread, const struct version *version)
{
    const struct frame *last = thread->top - (thread == thread_current());
    for (const struct frame *frame = thread->frames; frame <= last; frame++) {
        if (frame->version == version)
            return true;
    }
    return false;
}

// Is it in there as a caller, rather than as a thread of the domain's own?
static bool thread_is_reader(const struct thread *thread, const struct version *version)
{
    for (const struct frame *frame = thread->frames; frame <= thread->top; frame++) {
        if (frame->version == version && !(frame->carried & FRAME_UNCOUNTED))
            return true;
    }
    return false;
}

// Asks a thread to tell when it is out of the version. False: it has not been counted in there.
static inline bool thread_await(const struct thread *thread, const struct version *version)
{
    bool inside = false;
    for (struct frame *frame = thread->frames; frame <= thread->top; frame++) {
        if (frame->version != version || frame->carried & FRAME_UNCOUNTED)
            continue;
        __atomic_fetch_or(&frame->carried, FRAME_AWAITED, __ATOMIC_RELAXED);
        inside = true;
    }
    // On the slow way in it is counted long before its frame is published.
    struct frame *next = thread->top + 1;
    if (next < thread->frames + FRAMES_MAX && next->version == version &&
        next->carried & FRAME_PREPARED) {
        __atomic_fetch_or(&next->carried, FRAME_AWAITED, __ATOMIC_RELAXED);
        inside = true;
    }
    return inside;
}

bool version_urge(const struct version *version)
{
    bool waiting = false;
    for (uint32_t number = 1; number < STACK_THREADS && threads[number]; number++) {
        struct thread *thread = threads[number];
        if (!thread->in_use || !thread->frames)
            continue;
        bool reader = thread_await(thread, version);
        if (reader)
            thread_kick(thread);
        // The domain's own may have a lock that readers want.
        if ((reader || thread->owner == version->domain) && thread->task.state == TASK_READY)
            task_hurry(&thread->task);
        waiting |= reader && thread->task.state != TASK_RUNNING;
    }
    return waiting;
}

bool version_hurry(const struct version *version)
{
    bool waiting = false;
    for (uint32_t number = 1; number < STACK_THREADS && threads[number]; number++) {
        struct thread *thread = threads[number];
        if (!thread->in_use || !thread->frames || thread->task.state != TASK_READY ||
            !thread_await(thread, version))
            continue;
        task_hurry(&thread->task);
        waiting = true;
    }
    return waiting;
}

uint32_t version_asleep(const struct version *version)
{
    uint32_t asleep = 0;
    for (uint32_t number = 1; number < STACK_THREADS && threads[number]; number++) {
        const struct thread *thread = threads[number];
        if (thread->in_use && thread->frames && thread->task.state == TASK_BLOCKED)
            asleep += thread_is_reader(thread, version);
    }
    return asleep;
}

void fault_kick_sleepers(const struct version *version)
{
    for (uint32_t number = 1; number < STACK_THREADS && threads[number]; number++) {
        struct thread *thread = threads[number];
        if (thread->in_use && thread->frames && thread_may_sleep_in(thread, version))
            thread_kick(thread);
    }
}

// Whoever runs in the instance on another hart is to notice now. A hart that has just left its idle
// task comes from where a trap began, and looks at its end.
static void harts_disturb(void)
{
    interrupt_state state = interrupts_disable();
    for (struct hart *hart = harts; hart < harts + hart_count; hart++) {
        if (hart != hart_current() && hart->current != hart->idle)
            hart_interrupt(hart->index);
    }
    interrupts_restore(state);
}

// Is nobody inside but this thread? Nobody can get in any more, and who is about to is counted.
static bool instance_is_alone(const struct domain *domain)
{
    const struct thread *thread = thread_current();
    uint64_t mine = 0;
    for (const struct frame *frame = thread->top; frame > thread->frames; frame--)
        mine += frame->version == domain->version && !(frame->carried & FRAME_UNCOUNTED);
    bool others = domain->threads || !domain->proxy || domain->proxy->busy;
    return !others && version_inside(domain->version) == mine;
}

static void record_chain(struct fault_record *record, const struct thread *thread)
{
    for (const struct frame *frame = thread->top - 1; frame > thread->frames; frame--) {
        if (record->depth == FAULT_CHAIN_MAX)
            break;
        const struct domain *domain = frame->version->domain;
        string_copy(record->chain[record->depth++], domain ? domain->image->header.name : "core",
                    sizeof(record->chain[0]));
    }
}

// What is known of a fault of the current thread's top frame.
static void record_fill(struct fault_record *record, const struct trap_frame *trap)
{
    const struct thread *thread = thread_current();
    record->method = thread->top->proxy ? frame_method(thread->top) : UINT64_MAX;
    record->pc = trap ? trap->pc : thread->top->ra - 4; // the call that did not return
    if (trap) {
        record->scause = trap->cause;
        record->address = record->cause == FAULT_TRAP ? trap->value : 0;
    }
    record_chain(record, thread);
}

bool fault_kill(struct domain *domain, enum fault_cause cause, const struct trap_frame *trap,
                const char *detail)
{
    if (__atomic_exchange_n(&domain->fault_taken, 1, __ATOMIC_ACQ_REL))
        return false;
    struct fault_record *record = &domain->fault;
    record->cause = cause;
    record->detail = detail;
    record->when = time_now();
    record->pages = domain->slot->pages;
    record->threads = domain->threads;
    record->rrefs = rref_count_owned(domain);
    if (cause != FAULT_STOP)
        record_fill(record, trap);
    service_lose(domain);
    if (cause == FAULT_STOP || !instance_is_alone(domain)) {
        fault_kick_sleepers(domain->version);
        harts_disturb();
    }
    // Last: from here on the reaper may free it, but for who holds it, and whose release asks for
    // that.
    interrupt_state state = lock_take(&control_lock);
    bool at_once = domain->held && record->restarts && !record->pause_ms;
    __atomic_store_n(&domain->state, DOMAIN_DEAD, __ATOMIC_RELEASE);
    lock_release(&control_lock, state);
    if (!at_once)
        reclaim_request();
    return true;
}

int64_t fault_status(const struct domain *domain)
{
    enum fault_cause cause = domain->fault.cause;
    return cause == FAULT_BUDGET || cause == FAULT_WAIT ? RPC_TIMEOUT : RPC_CRASHED;
}

// ---- Leaving a frame ----

// Is its version the one that serves? Then who waits for it waits for nobody else, either.
static bool frame_is_served(const struct frame *frame)
{
    return frame->proxy &&
           __atomic_load_n(&frame->proxy->version, __ATOMIC_SEQ_CST) == frame->version;
}

void frame_pop(bool crashed)
{
    struct thread *thread = thread_current();
    struct frame *frame = thread->top;
    struct version *version = frame->version;
    for (uint64_t lent = frame->carried & FRAME_LENT_MASK, i = 0; lent; lent >>= 1, i++) {
        if (!(lent & 1))
            continue;
        if (crashed)
            rref_disclaim(frame->arguments[i], version->domain);
        rref_return(frame->arguments[i], version->domain);
    }
    thread->top = frame - 1;
    if (!(frame->carried & FRAME_UNCOUNTED))
        version_leave(version);
    bool awaited = frame->carried & FRAME_AWAITED && !watch_is_all(frame);
    frame->carried = 0;
    if (!awaited)
        return;
    bool told = frame_is_served(frame) || version_is_empty(version);
    if (told)
        control_look();
    // Who goes on in user mode would only come back to the closed gate, before others are out.
    if (told || thread->top == thread->frames)
        task_yield();
}

// Are the request's arguments still known? Where there are none nobody saved what was in their
// registers, and what the frame has is of a call before.
static bool frame_has_arguments(const struct frame *frame)
{
    return frame->method & FRAME_SAVED || frame->carried & FRAME_PREPARED;
}

// May the request be made again, behind the shadow of the service? Only of what has no effect that
// counts twice, and where the arguments are still known.
static bool frame_is_repeatable(const struct frame *frame)
{
    const struct proxy *proxy = frame->proxy;
    if (!proxy || !proxy_has_shadow(proxy))
        return false;
    const struct method_description *method = &proxy->descriptions[frame_method(frame)];
    bool known = !method->argument_count || frame_has_arguments(frame);
    return known && method->flags & METHOD_IDEMPOTENT;
}

RpcResult fault_unwind(struct gate_call *call)
{
    struct thread *thread = thread_current();
    const struct frame *frame = thread->top;
    struct proxy *proxy = frame->proxy;
    int64_t error = fault_status(frame->version->domain);
    uint64_t try = (frame->carried & FRAME_TRIES_MASK) / FRAME_TRY + 1;
    bool repeatable = frame_is_repeatable(frame), repeat = repeatable && try < TRIES_MAX;
    if (repeatable && !repeat)
        log_line(LOG_QUIET, "shadow", "%s: a request that has met %u crashes is given up",
                 proxy->name, TRIES_MAX);
    call->method = frame_method(frame);
    if (frame_has_arguments(frame))
        memcpy(call->arguments, frame->arguments, sizeof(call->arguments));
    else
        memset(call->arguments, 0, sizeof(call->arguments));
    frame_pop(true);
    if (!repeat || thread->top->version->dead)
        return rpc_error(error);
    RpcResult result = gate_repeat(proxy, call, try);
    return result.status == RPC_OK ? result : rpc_error(error);
}

void fault_abort(enum fault_cause cause, const struct trap_frame *trap, const char *detail)
{
    fault_kill(thread_domain(), cause, trap, detail);
}

void fault_abort_self(void)
{
    fault_abort(FAULT_ABORT, NULL, "it gave up");
}

const char *fault_name(const struct fault_record *record)
{
    static const char *const traps[] = {
        [CAUSE_FETCH_MISALIGNED] = "misaligned jump",
        [CAUSE_FETCH_ACCESS] = "jump access fault",
        [CAUSE_ILLEGAL] = "illegal instruction",
        [CAUSE_BREAKPOINT] = "breakpoint",
        [CAUSE_LOAD_MISALIGNED] = "misaligned load",
        [CAUSE_LOAD_ACCESS] = "load access fault",
        [CAUSE_STORE_MISALIGNED] = "misaligned store",
        [CAUSE_STORE_ACCESS] = "store access fault",
        [CAUSE_FETCH_PAGE] = "jump to a page without code",
        [CAUSE_LOAD_PAGE] = "load page fault",
        [CAUSE_STORE_PAGE] = "store page fault",
    };
    switch (record->cause) {
    case FAULT_TRAP:
        if (record->scause < sizeof(traps) / sizeof(traps[0]) && traps[record->scause])
            return traps[record->scause];
        return "unknown trap";
    case FAULT_BUDGET:
        return "time budget spent";
    case FAULT_WAIT:
        return "waited past its limit";
    case FAULT_ABORT:
        return "abort";
    case FAULT_PROTOCOL:
        return "protocol error";
    case FAULT_STOP:
        return "stopped";
    }
    return "unknown";
}

// ---- Traps in core mode ----

bool kernel_pc_is_domain(uint64_t pc)
{
    return pc >= SLOT_AREA && pc < SLOT_AREA_END;
}

static bool pc_acts_for_domain(uint64_t pc)
{
    return kernel_pc_is_domain(pc) || gate_pc_in(pc, gate_leaf, gate_leaf_end);
}

static bool trap_is_page_fault(const struct trap_frame *frame)
{
    return frame->cause == CAUSE_LOAD_PAGE || frame->cause == CAUSE_STORE_PAGE;
}

static bool fault_resolve(const struct trap_frame *frame, struct domain *domain)
{
    if (!trap_is_page_fault(frame) || domain->version->dead)
        return false;
    struct slot *slot = domain->slot;
    if (frame->value - slot->base >= SLOT_SIZE)
        return false;
    return !slot_resolve(slot, frame->value - slot->base, frame->cause == CAUSE_STORE_PAGE);
}

void kernel_core_trap(struct trap_frame *frame)
{
    if (frame->pc == (uint64_t)gate_push || frame->pc == (uint64_t)gate_push_saving ||
        frame->pc == (uint64_t)gate_push_lending || frame->pc == (uint64_t)gate_push_giving ||
        frame->pc == (uint64_t)gate_push_core) {
        frame->pc = (uint64_t)gate_resume;
        frame->x[10] = (uint64_t)RPC_TOO_DEEP;
        frame->x[11] = 0;
        return;
    }
    // Only a thread that is inside a domain has frames to look at.
    struct domain *domain = pc_acts_for_domain(frame->pc) ? thread_domain() : NULL;
    if (!domain)
        panic("trap in the core: cause %lu, pc 0x%lx, address 0x%lx, called from 0x%lx",
              frame->cause, frame->pc, frame->value, frame->x[1]);
    if (!fault_resolve(frame, domain))
        fault_abort(FAULT_TRAP, frame, NULL); // kernel_trap_exit takes the thread out
}

// ---- Ticks, and the way out of every trap ----

// What the top frame may use: of a call, of a domain's own thread between two waits, of a
// life-cycle function.
static uint64_t budget_ms(const struct thread *thread, const struct domain *domain)
{
    return thread->top->proxy || thread->owner ? domain_limits(domain)->budget_ms : LIFE_BUDGET_MS;
}

// What THREAD has run since this was last asked, in whole ms; a tick's time at most, since what is
// more was the host's. What other tasks ran between two ticks is not charged to who is met by both.
static uint64_t uncharged_ms(struct thread *thread)
{
    uint64_t ran = task_ran(), ms = (ran - thread->charged) / 1000000;
    thread->charged = ms > TICK_MS ? ran : thread->charged + ms * 1000000;
    return ms > TICK_MS ? TICK_MS : ms;
}

void kernel_tick(struct trap_frame *frame)
{
    struct thread *thread = thread_current();
    if (!thread_is_known(thread))
        return;
    uint64_t ms = uncharged_ms(thread);
    if (trap_from_user(frame))
        return;
    struct domain *domain = thread_domain();
    if (!domain || domain->version->dead)
        return;
    // The first tick that meets a frame charges it with what was run before it began as well.
    thread->top->ran_ms += ms;
    if (thread->top->ran_ms >= budget_ms(thread, domain) + TICK_MS)
        fault_abort(FAULT_BUDGET, frame, NULL);
}

void kernel_trap_exit(struct trap_frame *frame)
{
    if (trap_from_user(frame)) {
        user_trap_exit(frame);
        return;
    }
    if (gate_pc_in(frame->pc, gate_check, gate_check_end)) {
        frame->pc = (uint64_t)gate_check;
    } else if (gate_pc_in(frame->pc, gate_check_core, gate_check_core_end)) {
        frame->pc = (uint64_t)gate_check_core;
    } else if (gate_pc_in(frame->pc, gate_resume_popped, gate_resume_end) ||
               (pc_acts_for_domain(frame->pc) && thread_current()->top->version->dead)) {
        frame->pc = (uint64_t)gate_resume; // which looks whether the top frame's domain is dead
    }
}
