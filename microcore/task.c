// SPDX-License-Identifier: MIT
// Run queues and the life of a task.
//
// States change by compare-and-swap: whoever takes a task from BLOCKED (or NEW) to READY queues it,
// nobody else does. A task that was woken before its context is saved (on_hart) waits in the queue
// of the hart that saves it, where no other hart takes it from; so no hart ever waits for a
// context.
#include "microcore/task.h"
#include "microcore/csr.h"
#include "microcore/fail.h"
#include "microcore/hart.h"
#include "microcore/layout.h"
#include "microcore/page.h"
#include "microcore/panic.h"
#include "microcore/string.h"
#include "microcore/timer.h"
#include "microcore/trap.h"

struct task_list {
    struct task *first, *last;
};

// Tasks that an interrupt woke come before the others, but only URGENT_MAX in a row; patient ones
// when nobody else is ready, or once the first of them has waited for so long.
#define URGENT_MAX  8
#define PATIENCE_NS 5000000

enum turn { URGENT, NORMAL, PATIENT, TURNS };

struct run_queue {
    struct lock lock;
    struct task_list lists[TURNS]; // each: first come, first served
    uint32_t count;                // of all
    uint32_t urgent_taken;         // since one of the others
    uint64_t patient_since;        // ns: when the first patient one came, or one was taken
} __attribute__((aligned(128)));

static struct run_queue queues[HARTS_MAX];
static uint64_t idle_harts; // a bit for each that sleeps or is about to

struct task idle_tasks[HARTS_MAX]; // start.S sets the boot hart's tp and sp
struct idle_stack idle_stacks[HARTS_MAX] __attribute__((section(".stacks.idle")));

// switch.S
void context_switch(struct task *from, struct task *to);
void context_start(void);
void float_registers_save(uint64_t registers[33]);
void float_registers_load(const uint64_t registers[33]);
void task_started(void);

struct task *task_current(void)
{
    struct task *task;
    __asm__("mv %0, tp" : "=r"(task)); // the same for as long as a function runs
    return task;
}

void task_prepare(struct task *task, const char *name, void (*function)(void *), void *argument)
{
    memset(task->context, 0, sizeof(task->context));
    task->context[0] = (uint64_t)context_start;
    task->context[1] = task->core_stack_high;
    task->context[3] = (uint64_t)function; // s1
    task->context[4] = (uint64_t)argument; // s2
    task->core_stack = task->core_stack_high;
    task->state = TASK_NEW;
    task->deadline = UINT64_MAX;
    task->timer_index = 0;
    task->timed_out = false;
    task->wake_pending = false;
    task->urgent = task->gathers = task->patient = task->in_user = false;
    task->user_time = task->core_time = 0;
    task->fail_run = fail_inherit();
    task->name = name;
    if (!task->hart)
        task->hart = hart_current();
}

void task_idle_init(struct hart *hart)
{
    struct task *task = &idle_tasks[hart->index];
    lock_init(&queues[hart->index].lock, LOCK_RUNQUEUE, "run queue");
    task->core_stack_low = (uint64_t)idle_stacks[hart->index].stack;
    task->core_stack_high = task->core_stack_low + IDLE_STACK;
    task->core_stack = task->core_stack_high;
    task->hart = hart;
    task->counters = hart->counters;
    task->state = TASK_RUNNING;
    task->on_hart = true;
    task->name = "idle";
    hart->idle = hart->current = task;
}

// ---- f registers ----

void task_float_save(void)
{
    struct task *task = task_current();
    interrupt_state state = interrupts_disable();
    if (task->uses_float && (csr_read(sstatus) & SSTATUS_FS) == SSTATUS_FS_DIRTY) {
        float_registers_save(task->float_registers);
        csr_clear(sstatus, SSTATUS_FS_DIRTY ^ SSTATUS_FS_CLEAN);
    }
    interrupts_restore(state);
}

void task_float_load(void)
{
    struct task *task = task_current();
    interrupt_state state = interrupts_disable();
    if (task->uses_float) {
        csr_set(sstatus, SSTATUS_FS_CLEAN);
        float_registers_load(task->float_registers);
        csr_clear(sstatus, SSTATUS_FS_DIRTY ^ SSTATUS_FS_CLEAN);
    }
    interrupts_restore(state);
}

void task_float_forget(void)
{
    csr_clear(sstatus, SSTATUS_FS);
}

// ---- Run queues ----

static void list_add(struct task_list *list, struct task *task)
{
    task->queue_next = NULL;
    *(list->first ? &list->last->queue_next : &list->first) = task;
    list->last = task;
}

// Takes the first one; if not OWN, the first one whose context is saved.
static inline __attribute__((always_inline)) struct task *list_take(struct task_list *list,
                                                                    bool own)
{
    struct task *before = NULL, *task = list->first;
    while (task && !own && __atomic_load_n(&task->on_hart, __ATOMIC_ACQUIRE)) {
        before = task;
        task = task->queue_next;
    }
    if (task) {
        *(before ? &before->queue_next : &list->first) = task->queue_next;
        if (list->last == task)
            list->last = before;
    }
    return task;
}

// Takes a certain one out. False: it is not there.
static bool list_remove(struct task_list *list, const struct task *task)
{
    struct task *before = NULL, *each = list->first;
    while (each && each != task) {
        before = each;
        each = each->queue_next;
    }
    if (!each)
        return false;
    *(before ? &before->queue_next : &list->first) = each->queue_next;
    if (list->last == each)
        list->last = before;
    return true;
}

static enum turn task_turn(const struct task *task, bool interrupt)
{
    bool urgent = task->urgent || (interrupt && !task->patient);
    return urgent ? URGENT : task->patient ? PATIENT : NORMAL;
}

static inline __attribute__((always_inline)) void queue_add(struct hart *hart, struct task *task,
                                                            enum turn turn)
{
    struct run_queue *queue = &queues[hart->index];
    interrupt_state state = lock_take(&queue->lock);
    if (turn == PATIENT && !queue->lists[PATIENT].first)
        queue->patient_since = time_now();
    list_add(&queue->lists[turn], task);
    __atomic_store_n(&queue->count, queue->count + 1, __ATOMIC_RELEASE);
    lock_release(&queue->lock, state);
}

// Whose turn it is, if one of that list can be taken.
static inline enum turn queue_turn(const struct run_queue *queue)
{
    if (queue->lists[PATIENT].first && time_now() - queue->patient_since >= PATIENCE_NS)
        return PATIENT;
    if (!queue->lists[URGENT].first)
        return NORMAL;
    return queue->urgent_taken < URGENT_MAX || !queue->lists[NORMAL].first ? URGENT : NORMAL;
}

// One that can be taken where the list of *TURN has none; *TURN receives which list had it.
static __attribute__((noinline)) struct task *list_take_other(struct run_queue *queue,
                                                              enum turn *turn, bool own)
{
    struct task *task = NULL;
    for (enum turn each = URGENT; !task && each < TURNS; each++)
        task = list_take(&queue->lists[ *turn = each], own);
    return task;
}

// Takes a task from the hart's own queue (OWN), or from another's if nobody is busy with that.
static inline __attribute__((always_inline)) struct task *queue_take(struct run_queue *queue,
                                                                     bool own)
{
    interrupt_state state;
    if (!__atomic_load_n(&queue->count, __ATOMIC_ACQUIRE))
        return NULL;
    if (own)
        state = lock_take(&queue->lock);
    else if (!lock_try(&queue->lock, &state))
        return NULL;
    enum turn turn = queue_turn(queue);
    struct task *task = list_take(&queue->lists[turn], own);
    if (!task)
        task = list_take_other(queue, &turn, own);
    if (task) {
        queue->urgent_taken = turn == URGENT ? queue->urgent_taken + 1 : 0;
        if (turn == PATIENT)
            queue->patient_since = time_now();
        __atomic_store_n(&queue->count, queue->count - 1, __ATOMIC_RELAXED);
    }
    lock_release(&queue->lock, state);
    return task;
}

static struct task *queue_take_any(struct hart *hart)
{
    struct task *task = queue_take(&queues[hart->index], true);
    for (uint32_t step = 1; !task && step < hart_count; step++)
        task = queue_take(&queues[(hart->index + step) % hart_count], false);
    return task;
}

static bool queue_is_empty(void)
{
    for (uint32_t index = 0; index < hart_count; index++)
        if (__atomic_load_n(&queues[index].count, __ATOMIC_ACQUIRE))
            return false;
    return true;
}

static void hart_reschedule(struct hart *hart)
{
    __atomic_store_n(&hart->reschedule, true, __ATOMIC_RELAXED);
    if (hart != hart_current())
        hart_interrupt(hart->index);
}

// ---- CPU time: counted where a task leaves its hart, and at each tick ----

static inline void time_charge_to(struct hart *hart, struct task *task)
{
    uint64_t now = csr_read(time), ran = now - hart->charged;
    hart->charged = now;
    uint64_t *sum = task->in_user ? &task->user_time : &task->core_time;
    __atomic_store_n(sum, *sum + ran, __ATOMIC_RELAXED);
}

static inline void time_charge(struct hart *hart)
{
    time_charge_to(hart, hart->current);
}

void task_tick(bool in_user)
{
    struct hart *hart = hart_current();
    hart->current->in_user = in_user;
    time_charge(hart);
}

struct task_times task_times(struct task *task)
{
    if (task == task_current()) {
        interrupt_state state = interrupts_disable();
        time_charge(task->hart);
        interrupts_restore(state);
    }
    return (struct task_times){time_of(__atomic_load_n(&task->user_time, __ATOMIC_RELAXED)),
                               time_of(__atomic_load_n(&task->core_time, __ATOMIC_RELAXED))};
}

uint64_t task_ran(void)
{
    struct task_times times = task_times(task_current());
    return times.user_ns + times.core_ns;
}

// ---- Switching ----

// The idle task takes over from one that has ended.
static void ended_finish(struct hart *hart)
{
    struct task *ended = hart->ended;
    hart->ended = NULL;
    if (ended && hart->ended_after)
        hart->ended_after(ended);
}

// What each task does after it was switched to, perhaps on another hart. Interrupts off.
static void switch_finish(struct task *self)
{
    if (self == self->hart->idle)
        ended_finish(self->hart);
    task_float_forget();
}

void task_started(void)
{
    switch_finish(task_current());
    interrupts_enable();
}

// Leaves the current task, whose state says how, for NEXT. Interrupts off.
static void switch_to(struct hart *hart, struct task *next)
{
    struct task *self = hart->current;
    __atomic_store_n(&next->state, TASK_RUNNING, __ATOMIC_RELAXED);
    if (next == self)
        return;
#ifdef DEBUG
    if (self->interrupts_held)
        panic("task: %s switches with interrupts held off, not disabled", self->name);
#endif
    time_charge(hart);
    task_float_save();
    next->hart = hart;
    next->counters = hart->counters;
    next->on_hart = true;
    hart->current = next;
    if (self == hart->idle) {
        __atomic_fetch_and(&idle_harts, ~(1ul << hart->index), __ATOMIC_RELAXED);
        timer_tick_start();
    }
    if (next->satp)
        hart_set_satp(hart, next->satp);
    context_switch(self, next);
    switch_finish(self);
}

// Goes on with whatever is ready, else idles. Interrupts off.
static void switch_away(struct hart *hart)
{
    struct task *next = queue_take_any(hart);
    switch_to(hart, next ? next : hart->idle);
}

void task_reschedule(void)
{
    interrupt_state state = interrupts_disable();
    struct hart *hart = hart_current();
    struct task *self = hart->current;
    hart->reschedule = false;
    struct task *next = queue_take_any(hart); // from others as well: the load spreads
    if (next) {
        if (self != hart->idle) {
            __atomic_store_n(&self->state, TASK_READY, __ATOMIC_RELAXED);
            queue_add(hart, self, self->urgent ? URGENT : NORMAL);
        }
        switch_to(hart, next);
    }
    interrupts_restore(state);
}

void task_hurry(struct task *task)
{
    struct hart *hart = task->hart;
    struct run_queue *queue = &queues[hart->index];
    interrupt_state state = lock_take(&queue->lock);
    bool waits = list_remove(&queue->lists[NORMAL], task);
    bool stays = hart == hart_current() ||
                 __atomic_load_n(&task->on_hart, __ATOMIC_ACQUIRE); // its context is being saved
    if (waits && stays)
        list_add(&queue->lists[URGENT], task);
    else if (waits)
        __atomic_store_n(&queue->count, queue->count - 1, __ATOMIC_RELAXED);
    lock_release(&queue->lock, state);
    if (waits && !stays)
        queue_add(hart_current(), task, URGENT);
    else if (waits && hart != hart_current())
        hart_reschedule(hart);
}

void task_yield(void)
{
    task_reschedule();
}

// ---- Blocking and waking ----

static bool hart_claim_idle(uint32_t index)
{
    uint64_t bit = 1ul << index;
    return __atomic_load_n(&idle_harts, __ATOMIC_RELAXED) & bit &&
           __atomic_fetch_and(&idle_harts, ~bit, __ATOMIC_ACQ_REL) & bit;
}

// A sleeping hart to run a task of HOME, HOME itself if it sleeps; NULL: all have work.
static inline struct hart *hart_find_idle(struct hart *home)
{
    if (!__atomic_load_n(&idle_harts, __ATOMIC_RELAXED))
        return NULL;
    for (uint32_t step = 0; step < hart_count; step++) {
        struct hart *hart = &harts[(home->index + step) % hart_count];
        if (hart_claim_idle(hart->index))
            return hart;
    }
    return NULL;
}

void task_hand_over(void)
{
    struct hart *self = hart_current();
    if (!__atomic_load_n(&queues[self->index].count, __ATOMIC_RELAXED))
        return;
    struct hart *idle = hart_find_idle(self);
    if (idle)
        hart_reschedule(idle); // it looks into all queues
}

void task_gather(bool on)
{
    interrupt_state state = interrupts_hold();
    task_current()->gathers = on;
    if (!on)
        task_hand_over();
    interrupts_let(state);
}

// Queues a task that has just become ready. One that is being saved: there. One that an interrupt
// woke: here if the hart slept, else on a sleeping hart, else at once here (a patient one: where it
// ran last, in its turn). One that another task woke: here if that gathers, or if nobody else waits
// here, for who wakes often blocks soon, and waking a hart takes far longer; if the waker does not
// block, a sleeping hart gets it after a moment. Else on a sleeping hart, or where it ran last.
static inline __attribute__((always_inline)) void task_queue(struct task *task)
{
    struct hart *self = hart_current();
    if (task == self->current)
        return; // it rests here, and looks when this interrupt is over
    bool urgent = self->in_interrupt && !task->patient;
    bool chosen = urgent && self->current == self->idle;
    struct hart *hart = chosen ? self : task->hart;
    if (__atomic_load_n(&task->on_hart, __ATOMIC_ACQUIRE)) {
        hart = task->hart;
        chosen = urgent;
    } else if (!self->in_interrupt &&
               (self->current->gathers ||
                !__atomic_load_n(&queues[self->index].count, __ATOMIC_RELAXED))) {
        hart = self;
        if (!self->current->gathers && self->current != self->idle &&
            __atomic_load_n(&idle_harts, __ATOMIC_RELAXED))
            timer_hand_over();
    } else if (!chosen) {
        struct hart *idle = hart_find_idle(task->hart);
        chosen = idle || urgent;
        hart = idle ? idle : urgent ? self : task->hart;
    }
    queue_add(hart, task, task_turn(task, self->in_interrupt));
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // it looks into its queue after it says that it sleeps
    if (chosen || hart_claim_idle(hart->index))
        hart_reschedule(hart);
}

static bool state_change(struct task *task, enum task_state from, enum task_state to)
{
    return __atomic_compare_exchange_n(&task->state, &from, to, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

void task_wake(struct task *task)
{
    interrupt_state state = interrupts_hold();
    bool ready =
        state_change(task, TASK_BLOCKED, TASK_READY) || state_change(task, TASK_NEW, TASK_READY);
    if (!ready) {
        __atomic_store_n(&task->wake_pending, true, __ATOMIC_SEQ_CST);
        // It may have blocked between the two looks, and not seen that.
        ready = state_change(task, TASK_BLOCKED, TASK_READY);
        if (ready)
            task->wake_pending = false;
    }
    if (ready)
        task_queue(task);
    interrupts_let(state);
}

// Interrupts off.
static void hart_nap(struct hart *hart)
{
    uint64_t start = time_now();
    hart_sleep(hart);
    hart->idle_ns += time_now() - start;
}

// Where there is no other hart that could take it meanwhile, who blocks while nobody else is ready
// idles itself, on its own stack: mostly it is the next to run, and two switches are saved. True:
// it is, woken or since its time has come. Interrupts off.
static inline bool task_rest(struct hart *hart, struct task *self)
{
    if (hart_count > 1 || !queue_is_empty())
        return false;
    time_charge(hart);
    hart->rests = true;
    do {
        hart->reschedule = false;
        timer_limit(hart, self->deadline);
        hart_nap(hart);
        trap_take_pending(); // without a trap, which would have to be left before the next sleep
        if (self->state == TASK_BLOCKED && time_now() >= self->deadline) {
            self->timed_out = true;
            self->state = TASK_READY;
        }
    } while (self->state == TASK_BLOCKED && queue_is_empty());
    hart->rests = false;
    time_charge_to(hart, hart->idle);
    timer_tick_start();
    if (self->state == TASK_BLOCKED)
        return false;
    self->state = TASK_RUNNING;
    return true;
}

// Until it is woken or its deadline has come. Interrupts off.
static inline void task_sleep(struct hart *hart, struct task *self)
{
    if (task_rest(hart, self))
        return;
    if (self->deadline == UINT64_MAX) {
        switch_away(hart);
        return;
    }
    timer_add(hart, self);
    switch_away(hart);
    timer_remove(hart, self);
}

bool task_block(uint64_t deadline)
{
    interrupt_state state = interrupts_disable();
    struct hart *hart = hart_current();
    struct task *self = hart->current;
    self->timed_out = false;
    self->deadline = deadline;
    __atomic_store_n(&self->state, TASK_BLOCKED, __ATOMIC_SEQ_CST);
    // Woken before: take oneself back, unless another hart has just made this task ready.
    if (__atomic_load_n(&self->wake_pending, __ATOMIC_SEQ_CST) &&
        state_change(self, TASK_BLOCKED, TASK_RUNNING))
        __atomic_store_n(&self->wake_pending, false, __ATOMIC_RELAXED);
    else
        task_sleep(hart, self);
    interrupts_restore(state);
    return !self->timed_out;
}

void task_end(void (*after)(struct task *))
{
    interrupts_disable();
    struct hart *hart = hart_current();
    hart->ended = hart->current;
    hart->ended_after = after;
    __atomic_store_n(&hart->current->state, TASK_ENDED, __ATOMIC_RELAXED);
    switch_to(hart, hart->idle);
    panic("task: an ended one runs again");
}

// ---- Idling ----

// Interrupts off.
static void idle_sleep(struct hart *hart)
{
    __atomic_fetch_or(&idle_harts, 1ul << hart->index, __ATOMIC_SEQ_CST);
    if (queue_is_empty())
        hart_nap(hart);
}

void task_idle_loop(void)
{
    interrupts_disable();
    struct hart *hart = hart_current();
    for (;;) {
        hart->reschedule = false;
        // A task that has blocked has found nobody just before, one that has ended has not looked.
        struct task *next = queue_is_empty() ? NULL : queue_take_any(hart);
        if (next) {
            switch_to(hart, next);
            continue;
        }
        idle_sleep(hart);
        trap_take_pending(); // as task_rest
    }
}
