// SPDX-License-Identifier: MIT
#include "kernel/user.h"
#include "kernel/abi/error.h"
#include "kernel/control.h"
#include "kernel/domain.h"
#include "kernel/gate.h"
#include "kernel/log.h"
#include "kernel/space.h"
#include "microcore/hart.h"
#include "microcore/page.h"
#include "microcore/panic.h"
#include "microcore/string.h"

// The second method of the process interface, domainlib/interface/process.idl (the first:
// user_call.S).
#define PROCESS_DELIVER 1
#define CAUSE_KICK      UINT64_MAX

// Leaves its address space first: the tables may be freed with the last use.
static void user_end(struct thread *thread)
{
    struct space *space = thread->space;
    control_forget(thread);
    interrupt_state state = interrupts_disable();
    thread->space = NULL;
    thread->task.satp = 0;
    hart_set_satp(hart_current(), core_satp);
    interrupts_restore(state);
    object_put(&space->object);
    object_put(&thread->process->object);
    thread_exit();
}

// The last handle is closed and the thread has ended: its record may be used again.
static void user_destroy(struct object *object)
{
    thread_release(thread_of_object(object));
}

// The service cannot answer any more: the process cannot go on.
static void user_lost(struct thread *thread, int64_t status)
{
    log_line(LOG_QUIET, "user", "process of cookie 0x%lx ends: service %s answers %ld",
             thread->cookie, thread->process->name, status);
    thread->user_ending = true;
}

// User mode calls from here next: what kernel/user_call.S needs not write each time.
static void user_call_ready(struct thread *thread)
{
    thread->call_frame = thread->frames + 1;
    thread->frames->ra = (uint64_t)user_call_return;
    thread->frames->sp = (uint64_t)thread->user_frame;
}

static void user_deliver(struct thread *thread, uint64_t cause, uint64_t address, uint64_t pc)
{
    uint64_t arguments[8] = {thread->cookie, cause, address, pc};
    RpcResult result = gate_call_core(thread->process, PROCESS_DELIVER, arguments);
    user_call_ready(thread);
    if (result.status == RPC_BUSY)
        thread->user_pending = cause == CAUSE_KICK; // a fault comes again by itself
    else if (result.status < -4095)
        user_lost(thread, result.status);
    thread->registers_set = false; // here it tells nothing
}

void user_call_finish(int64_t status, uint64_t value, struct trap_frame *frame)
{
    struct thread *thread = thread_current();
    if (status == RPC_BUSY || status == -ERESTART)
        frame->pc -= 4; // closed for long, or asked to leave: issue the call again
    else if (status < -4095)
        user_lost(thread, status);
    else if (!thread->registers_set)
        frame->x[10] = status ? (uint64_t)status : value;
    thread->registers_set = false;
    trap_status_user(frame);
    trap_leave_user(frame);
}

static bool user_resolve(struct thread *thread, const struct trap_frame *frame)
{
    uint64_t physical;
    if (frame->cause == CAUSE_FETCH_PAGE)
        return !space_resolve_fetch(thread->space, frame->value);
    if (frame->cause != CAUSE_LOAD_PAGE && frame->cause != CAUSE_STORE_PAGE)
        return false;
    return !space_resolve(thread->space, frame->value, frame->cause == CAUSE_STORE_PAGE, &physical);
}

void kernel_user_trap(struct trap_frame *frame)
{
    struct thread *thread = thread_current();
    if (!user_resolve(thread, frame))
        user_deliver(thread, frame->cause, frame->value, frame->pc);
}

void user_trap_exit(struct trap_frame *frame)
{
    struct thread *thread = thread_current();
    while (thread->user_ending ||
           __atomic_exchange_n(&thread->user_pending, false, __ATOMIC_ACQ_REL)) {
        interrupts_enable();
        if (thread->user_ending)
            user_end(thread);
        __atomic_store_n(&thread->kicked, false, __ATOMIC_RELEASE);
        user_deliver(thread, CAUSE_KICK, 0, frame->pc);
        interrupts_disable();
    }
}

// ---- Making them ----

static void frame_from_registers(struct trap_frame *frame, const struct user_registers *registers)
{
    frame->pc = registers->pc;
    memcpy(frame->x, registers->x, sizeof(frame->x));
    frame->x[0] = 0;
}

static void user_main(void *argument)
{
    struct trap_frame *registers = argument;
    struct trap_frame frame = *registers;
    core_free(registers, sizeof(*registers));
    struct thread *thread = thread_current();
    if (thread->user_ending)
        user_end(thread);
    trap_enter_user(&frame);
}

int64_t user_start(struct domain *domain, struct space *space, uint64_t cookie,
                   const struct user_registers *registers)
{
    struct trap_frame *frame = core_alloc(sizeof(*frame));
    if (!frame)
        return -ENOMEM;
    frame_from_registers(frame, registers);
    struct thread *thread = thread_create("user", user_main, frame);
    if (!thread) {
        core_free(frame, sizeof(*frame));
        return -EAGAIN;
    }
    object_init(&thread->object, OBJECT_THREAD, user_destroy);
    thread->is_user = true;
    thread->user_frame = trap_user_room(&thread->task);
    user_call_ready(thread);
    object_get(&thread->object); // one use is the thread's own, one goes with the handle
    object_get(&space->object);
    object_get(&domain->proxy->object);
    thread->space = space;
    thread->process = domain->proxy;
    thread->cookie = cookie;
    thread->task.satp = space_satp(space);
    thread->task.uses_float = true;
    thread->task.in_user = true; // until a tick finds it elsewhere
    memcpy(thread->task.float_registers, registers->f, sizeof(registers->f));
    thread->task.float_registers[32] = registers->fcsr;
    int handle = handle_insert(domain, &thread->object, 0);
    if (handle < 0)
        object_put(&thread->object);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // user_end_all sees the thread, or this the death
    if (handle < 0 || domain->version->dead)
        thread->user_ending = true; // it ends before its first instruction in user mode
    task_wake(&thread->task);
    return handle;
}

uint32_t user_end_all(const struct proxy *process)
{
    uint32_t ended = 0;
    for (uint32_t number = 0; number < STACK_THREADS; number++) {
        struct thread *thread = threads[number];
        if (!thread || !thread->in_use || !thread->is_user || thread->process != process)
            continue;
        thread->user_ending = true;
        thread_kick(thread);
        ended++;
    }
    if (ended)
        hart_interrupt_all(); // who runs in user mode
    return ended;
}

void user_switch_space(struct space *space)
{
    struct thread *thread = thread_current();
    struct space *old = thread->space;
    interrupt_state state = interrupts_disable();
    thread->space = space;
    thread->task.satp = space_satp(space);
    hart_set_satp(hart_current(), thread->task.satp);
    interrupts_restore(state);
    if (old)
        object_put(&old->object);
}

void user_registers_read(struct user_registers *registers)
{
    struct thread *thread = thread_current();
    registers->pc = thread->user_frame->pc;
    memcpy(registers->x, thread->user_frame->x, sizeof(registers->x));
    interrupt_state state = interrupts_disable();
    task_float_save();
    memcpy(registers->f, thread->task.float_registers, sizeof(registers->f));
    registers->fcsr = thread->task.float_registers[32];
    interrupts_restore(state);
}

void user_registers_write(const struct user_registers *registers)
{
    struct thread *thread = thread_current();
    frame_from_registers(thread->user_frame, registers);
    interrupt_state state = interrupts_disable();
    memcpy(thread->task.float_registers, registers->f, sizeof(registers->f));
    thread->task.float_registers[32] = registers->fcsr;
    task_float_forget();
    interrupts_restore(state);
    thread->registers_set = true;
}

void user_kick(struct thread *thread)
{
    __atomic_store_n(&thread->user_pending, true, __ATOMIC_RELEASE);
    if (thread == thread_current())
        return; // it looks on its way out
    thread_kick(thread);
    hart_interrupt(thread->task.hart->index); // it may be running in user mode
}
