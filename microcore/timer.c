// SPDX-License-Identifier: MIT
// One heap of deadlines and one comparator for each hart. The comparator stands at the earlier of
// the first deadline and, while a task runs, the next tick; an idle hart lets a tick that is
// already set pass once rather than set the comparator at each of its short sleeps.
#include "microcore/timer.h"
#include <stdbool.h>
#include <stddef.h>
#include "microcore/csr.h"
#include "microcore/devicetree.h"
#include "microcore/hart.h"
#include "microcore/lock.h"
#include "microcore/panic.h"
#include "microcore/sbi.h"
#include "microcore/task.h"

#define TIMERS_MAX   1024
#define HAND_OVER_NS 50000
#define TICK_LATE_NS 2000000
#define LATE_TICKS   4 // one in so many is charged
#define NEVER        UINT64_MAX

struct timer_queue {
    struct lock lock;
    uint32_t count;
    struct task *heap[TIMERS_MAX + 1]; // from 1; parent of n is n / 2
    uint64_t tick;                     // when the next tick is due
    uint64_t hand_over;                // when to call task_hand_over
    uint64_t armed;                    // where the comparator stands
    uint32_t late;                     // ticks in a row
    struct task *firing;               // is being woken: must not end before that is over
} __attribute__((aligned(128)));

static struct timer_queue queues[HARTS_MAX];
static uint64_t boot_ticks, ns_per_tick, ticks_per_ns; // the latter two in units of 2^-32
static bool has_stimecmp;

static uint64_t fixed_multiply(uint64_t value, uint64_t factor)
{
    return (unsigned __int128)value * factor >> 32;
}

uint64_t time_of(uint64_t count)
{
    return fixed_multiply(count, ns_per_tick);
}

uint64_t time_now(void)
{
    return time_of(csr_read(time) - boot_ticks);
}

uint64_t time_start(void)
{
    return boot_ticks;
}

uint64_t time_scale(void)
{
    return ns_per_tick;
}

// Sstc may be in the device tree and yet not be enabled by the firmware: the access then traps.
static bool stimecmp_works(void)
{
    uint64_t failed = 1, saved;
    __asm__ volatile("la %1, 1f\n"
                     "csrrw %1, stvec, %1\n"
                     "csrw 0x14D, %2\n"
                     "li %0, 0\n"
                     ".balign 4\n"
                     "1: csrw stvec, %1\n"
                     : "+&r"(failed), "=&r"(saved)
                     : "r"(NEVER)
                     : "memory");
    return !failed;
}

void timer_init(void)
{
    boot_ticks = csr_read(time);
    ns_per_tick = (1000000000ul << 32) / machine.timebase_hz;
    ticks_per_ns = ((uint64_t)machine.timebase_hz << 32) / 1000000000ul;
    has_stimecmp = machine.has_sstc && stimecmp_works();
    for (uint32_t hart = 0; hart < hart_count; hart++)
        lock_init(&queues[hart].lock, LOCK_TIMER, "timer");
}

static void comparator_set(uint64_t ticks)
{
    if (has_stimecmp)
        csr_write(0x14D, ticks);
    else
        sbi_set_timer(ticks);
}

void timer_init_hart(void)
{
    struct timer_queue *queue = &queues[hart_current()->index];
    queue->armed = queue->hand_over = NEVER;
    comparator_set(NEVER);
    csr_set(sie, 1u << INTERRUPT_TIMER);
    csr_set(scounteren, SCOUNTEREN_TM);
}

static void timer_arm(struct timer_queue *queue, uint64_t time)
{
    uint64_t now = time_now();
    uint64_t ticks = NEVER;
    if (time != NEVER) {
        ticks = csr_read(time);
        if (time > now)
            ticks += fixed_multiply(time - now, ticks_per_ns) + 1;
    }
    queue->armed = time;
    comparator_set(ticks);
}

void timer_doze(uint64_t ns)
{
    if (!has_stimecmp)
        return;
    uint64_t enabled = csr_read(sie);
    comparator_set(csr_read(time) + fixed_multiply(ns, ticks_per_ns));
    csr_write(sie, 1u << INTERRUPT_TIMER | 1u << INTERRUPT_SOFTWARE);
    __asm__ volatile("wfi" ::: "memory");
    csr_write(sie, enabled);
    struct timer_queue *queue = &queues[hart_current()->index];
    timer_arm(queue, queue->armed); // only this hart changes that
}

// ---- The heap ----

static void heap_set(struct timer_queue *queue, uint32_t index, struct task *task)
{
    queue->heap[index] = task;
    task->timer_index = index;
}

static void heap_rise(struct timer_queue *queue, uint32_t index, struct task *task)
{
    for (; index > 1 && queue->heap[index / 2]->deadline > task->deadline; index /= 2)
        heap_set(queue, index, queue->heap[index / 2]);
    heap_set(queue, index, task);
}

static void heap_sink(struct timer_queue *queue, uint32_t index, struct task *task)
{
    for (uint32_t child; (child = index * 2) <= queue->count; index = child) {
        if (child < queue->count && queue->heap[child + 1]->deadline < queue->heap[child]->deadline)
            child++;
        if (queue->heap[child]->deadline >= task->deadline)
            break;
        heap_set(queue, index, queue->heap[child]);
    }
    heap_set(queue, index, task);
}

static void heap_remove(struct timer_queue *queue, struct task *task)
{
    uint32_t index = task->timer_index;
    struct task *last = queue->heap[queue->count--];
    __atomic_store_n(&task->timer_index, 0, __ATOMIC_RELEASE);
    if (last == task)
        return;
    heap_rise(queue, index, last);
    heap_sink(queue, last->timer_index, last);
}

void timer_add(struct hart *hart, struct task *task)
{
    struct timer_queue *queue = &queues[hart->index];
    interrupt_state state = lock_take(&queue->lock);
    if (queue->count == TIMERS_MAX)
        panic("timer: more than %u deadlines on hart %u", TIMERS_MAX, hart->index);
    heap_rise(queue, ++queue->count, task);
    if (task->deadline < queue->armed)
        timer_arm(queue, task->deadline);
    lock_release(&queue->lock, state);
}

void timer_limit(struct hart *hart, uint64_t deadline)
{
    struct timer_queue *queue = &queues[hart->index];
    if (deadline < queue->armed)
        timer_arm(queue, deadline);
}

void timer_remove(struct hart *hart, struct task *task)
{
    struct timer_queue *queue = &queues[hart->index];
    if (__atomic_load_n(&task->timer_index, __ATOMIC_ACQUIRE)) {
        interrupt_state state = lock_take(&queue->lock);
        if (task->timer_index)
            heap_remove(queue, task);
        lock_release(&queue->lock, state);
    }
    while (__atomic_load_n(&queue->firing, __ATOMIC_ACQUIRE) == task)
        ;
}

// ---- Interrupts ----

enum timer_tick timer_expire(void)
{
    struct hart *hart = hart_current();
    struct timer_queue *queue = &queues[hart->index];
    interrupt_state state = lock_take(&queue->lock);
    uint64_t now = time_now();
    while (queue->count && queue->heap[1]->deadline <= now) {
        struct task *task = queue->heap[1];
        __atomic_store_n(&queue->firing, task, __ATOMIC_RELEASE); // for timer_remove
        task->timed_out = true;
        heap_remove(queue, task);
        task_wake(task);
        __atomic_store_n(&queue->firing, NULL, __ATOMIC_RELEASE);
    }
    bool running = hart->current != hart->idle && !hart->rests;
    enum timer_tick tick = TICK_NONE;
    if (running && queue->tick <= now) {
        bool late = now - queue->tick >= TICK_LATE_NS && ++queue->late < LATE_TICKS;
        tick = late ? TICK_LATE : TICK_USED;
        queue->late = late ? queue->late : 0;
        queue->tick = now + TICK_NS;
    }
    if (queue->hand_over <= now) {
        queue->hand_over = NEVER;
        task_hand_over();
    }
    uint64_t next = queue->count ? queue->heap[1]->deadline : NEVER;
    if (queue->hand_over < next)
        next = queue->hand_over;
    if (running && queue->tick < next)
        next = queue->tick;
    timer_arm(queue, next);
    lock_release(&queue->lock, state);
    return tick;
}

void timer_hand_over(void)
{
    struct timer_queue *queue = &queues[hart_current()->index];
    if (queue->hand_over != NEVER) // only this hart changes that
        return;
    queue->hand_over = time_now() + HAND_OVER_NS;
    if (queue->hand_over < queue->armed)
        timer_arm(queue, queue->hand_over);
}

void timer_tick_start(void)
{
    struct timer_queue *queue = &queues[hart_current()->index];
    uint64_t now = time_now();
    if (queue->tick > now && queue->tick >= queue->armed)
        return; // only this hart changes these
    interrupt_state state = lock_take(&queue->lock);
    if (queue->tick <= now)
        queue->tick = now + TICK_NS;
    if (queue->tick < queue->armed)
        timer_arm(queue, queue->tick);
    lock_release(&queue->lock, state);
}
