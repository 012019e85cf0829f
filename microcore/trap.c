// SPDX-License-Identifier: MIT
#include "microcore/trap.h"
#include "microcore/csr.h"
#include "microcore/hart.h"
#include "microcore/interrupt.h"
#include "microcore/layout.h"
#include "microcore/lock.h"
#include "microcore/page.h"
#include "microcore/pagetable.h"
#include "microcore/panic.h"
#include "microcore/task.h"
#include "microcore/timer.h"

#define STALE_MAX 16

// An instruction that may fault, and where it goes on then (copy.S).
struct fixup {
    uint64_t pc, target;
};

extern const struct fixup core_extable_start[], core_extable_end[]; // linker/core.ld

void trap_handle(struct trap_frame *frame);                           // called by trap.S
__attribute__((noreturn)) void trap_return(struct trap_frame *frame); // in trap.S

// The last translation fault that was answered by a fence, to notice when that does not help.
static struct {
    uint64_t pc, value;
    uint32_t count;
} stale[HARTS_MAX];

static uint64_t needed_flags(uint64_t cause)
{
    switch (cause) {
    case CAUSE_FETCH_PAGE:
        return PTE_VALID | PTE_ACCESSED | PTE_EXECUTE;
    case CAUSE_LOAD_PAGE:
        return PTE_VALID | PTE_ACCESSED | PTE_READ;
    case CAUSE_STORE_PAGE:
        return PTE_VALID | PTE_ACCESSED | PTE_READ | PTE_WRITE | PTE_DIRTY;
    default:
        return 0;
    }
}

// A page fault although the table permits the access: this hart remembers an older entry. Fences
// it and returns true, unless that has just been tried in vain.
static bool trap_is_stale(const struct trap_frame *frame)
{
    uint64_t needed = needed_flags(frame->cause);
    if (!needed)
        return false;
    struct hart *hart = hart_current();
    int level;
    uint64_t *entry = pagetable_walk(page_pointer(hart->satp << PAGE_SHIFT), frame->value, &level);
    uint64_t flags = entry ? __atomic_load_n(entry, __ATOMIC_ACQUIRE) : 0;
    bool user_page = flags & PTE_USER;
    if ((flags & needed) != needed || user_page != trap_from_user(frame))
        return false;
    bool again = stale[hart->index].pc == frame->pc && stale[hart->index].value == frame->value;
    stale[hart->index].count = again ? stale[hart->index].count + 1 : 0;
    stale[hart->index].pc = frame->pc;
    stale[hart->index].value = frame->value;
    fence_local();
    return stale[hart->index].count < STALE_MAX;
}

// A fault in a copy routine goes on at the routine's own handling of it.
static bool trap_fix_copy(struct trap_frame *frame)
{
    for (const struct fixup *fixup = core_extable_start; fixup < core_extable_end; fixup++)
        if (fixup->pc == frame->pc) {
            frame->pc = fixup->target;
            return true;
        }
    return false;
}

// An interrupt of code that holds them off waits until that lets them: it goes on disabled.
static bool trap_put_off(struct trap_frame *frame)
{
    struct task *task = task_current();
    if (!task->interrupts_held)
        return false;
    task->interrupts_put_off = 1;
    frame->status &= ~(uint64_t)SSTATUS_SPIE;
    return true;
}

// Out of line, as trap_core: a system call saves no registers for them.
// FRAME: what was interrupted; NULL: a hart that slept.
static __attribute__((noinline)) void interrupt_handle(uint64_t number, struct trap_frame *frame)
{
    struct hart *hart = hart_current();
    enum timer_tick tick;
    stale[hart->index].count = 0;
    hart->in_interrupt = true;
    switch (number) {
    case INTERRUPT_SOFTWARE:
        csr_clear(sip, 1u << INTERRUPT_SOFTWARE);
        panic_check();
        hart_serve();
        break;
    case INTERRUPT_TIMER:
        tick = timer_expire();
        hart->reschedule |= tick != TICK_NONE;
        if (tick != TICK_NONE && frame)
            task_tick(trap_from_user(frame));
        if (tick == TICK_USED && frame)
            kernel_tick(frame);
        break;
    case INTERRUPT_EXTERNAL:
        interrupt_dispatch();
        break;
    }
    hart->in_interrupt = false;
}

void trap_take_pending(void)
{
    static const uint8_t numbers[] = {INTERRUPT_EXTERNAL, INTERRUPT_SOFTWARE, INTERRUPT_TIMER};
    uint64_t pending = csr_read(sip) & csr_read(sie);
    for (unsigned i = 0; i < sizeof(numbers); i++) {
        if (pending >> numbers[i] & 1)
            interrupt_handle(numbers[i], NULL);
    }
}

static __attribute__((noinline)) void trap_core(struct trap_frame *frame)
{
    const struct task *task = task_current();
    bool domain = kernel_pc_is_domain(frame->pc);
    if (trap_is_stale(frame) || (!domain && trap_fix_copy(frame)))
        return;
    if (!domain && task->core_stack_low - frame->value <= PAGE_SIZE)
        panic("stack of %s has overflown at pc 0x%lx", task->name, (unsigned long)frame->pc);
    kernel_core_trap(frame);
}

// An f register is used for the first time since the task was switched to.
static bool trap_is_float(const struct trap_frame *frame)
{
    if (frame->cause != CAUSE_ILLEGAL || frame->status & SSTATUS_FS || !task_current()->uses_float)
        return false;
    task_float_load();
    return true; // if that was not it, it traps again
}

static void trap_user(struct trap_frame *frame)
{
    if (trap_is_stale(frame) || trap_is_float(frame))
        return;
    interrupts_enable();
    kernel_user_trap(frame);
    interrupts_disable();
}

// Whether the f registers are the current task's says sstatus; the frame is older. What it says
// would make another task's registers, which are there after a switch, this one's.
static void float_status_update(struct trap_frame *frame)
{
    frame->status = (frame->status & ~(uint64_t)SSTATUS_FS) | (csr_read(sstatus) & SSTATUS_FS);
}

void trap_leave_user(struct trap_frame *frame)
{
    if (hart_current()->reschedule)
        task_reschedule();
    kernel_trap_exit(frame);
    float_status_update(frame);
}

void trap_handle(struct trap_frame *frame)
{
    bool user = trap_from_user(frame);
    if (frame->cause & CAUSE_INTERRUPT) {
        if (trap_put_off(frame))
            return;
        interrupt_handle(frame->cause & ~CAUSE_INTERRUPT, frame);
    } else if (user) {
        trap_user(frame);
    } else {
        trap_core(frame);
    }
    if (user) {
        trap_leave_user(frame);
        return;
    }
    // Code that has interrupts off is not preempted by an exception of its own.
    if (frame->status & SSTATUS_SPIE && !task_current()->interrupts_held &&
        hart_current()->reschedule)
        task_reschedule();
    kernel_trap_exit(frame);
    float_status_update(frame);
}

void trap_status_user(struct trap_frame *frame)
{
    frame->status = csr_read(sstatus);
    frame->status &= ~(uint64_t)(SSTATUS_SPP | SSTATUS_SIE);
    frame->status |= SSTATUS_SPIE;
}

void trap_enter_user(struct trap_frame *frame)
{
    interrupts_disable();
    trap_status_user(frame);
    trap_return(frame);
}

struct trap_frame *trap_user_room(struct task *task)
{
    task->core_stack -= sizeof(struct trap_frame);
    return (struct trap_frame *)task->core_stack;
}
