// SPDX-License-Identifier: MIT
#include "microcore/lock.h"
#include "microcore/csr.h"
#include "microcore/hart.h"
#include "microcore/panic.h"
#include "microcore/task.h"
#include "microcore/timer.h"

#define SPIN_ROUNDS 2000
#define DOZE_NS     50000

void lock_take_late(struct lock *lock); // called by switch.S

interrupt_state interrupts_hold(void)
{
    struct task *task = task_current();
    interrupt_state state = task->interrupts_held;
    task->interrupts_held = 1;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return state;
}

void interrupts_let(interrupt_state state)
{
    struct task *task = task_current();
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    task->interrupts_held = (uint32_t)state;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (!task->interrupts_put_off || state)
        return;
    task->interrupts_put_off = 0;
    interrupts_enable();
}

interrupt_state interrupts_disable(void)
{
    uint64_t status;
    __asm__ volatile("csrrci %0, sstatus, 2" : "=r"(status)::"memory");
    return status & SSTATUS_SIE;
}

void interrupts_restore(interrupt_state state)
{
    csr_set(sstatus, state);
}

void interrupts_enable(void)
{
    csr_set(sstatus, SSTATUS_SIE);
}

void lock_init(struct lock *lock, enum lock_rank rank, const char *name)
{
    *lock = (struct lock)LOCK_INIT(rank, name);
}

#ifdef DEBUG

#define HELD_MAX 8

// What this hart holds, outermost first.
static struct {
    uint32_t count;
    struct lock *locks[HELD_MAX];
} held[HARTS_MAX];

static void held_check(const struct lock *lock)
{
    uint32_t hart = hart_current()->index;
    uint32_t count = held[hart].count;
    if (!lock->rank)
        panic("lock: one without a rank is taken");
    if (count && held[hart].locks[count - 1]->rank >= lock->rank)
        panic("lock: %s (rank %u) taken with %s (rank %u) held", lock->name, lock->rank,
              held[hart].locks[count - 1]->name, held[hart].locks[count - 1]->rank);
    if (count == HELD_MAX)
        panic("lock: more than %u locks held", HELD_MAX);
}

static void held_add(struct lock *lock)
{
    uint32_t hart = hart_current()->index;
    lock->holder = hart + 1;
    held[hart].locks[held[hart].count++] = lock;
}

static void held_remove(struct lock *lock)
{
    uint32_t hart = hart_current()->index;
    uint32_t place = held[hart].count;
    while (place && held[hart].locks[place - 1] != lock)
        place--;
    if (!place)
        panic("lock: %s released, but not held by this hart", lock->name);
    lock->holder = 0;
    held[hart].count--;
    for (; place <= held[hart].count; place++)
        held[hart].locks[place - 1] = held[hart].locks[place];
}

bool lock_is_held(const struct lock *lock)
{
    interrupt_state state = interrupts_disable();
    bool result = lock->holder == hart_current()->index + 1;
    interrupts_restore(state);
    return result;
}

#else

static inline void held_check(const struct lock *lock)
{
    (void)lock;
}

static inline void held_add(struct lock *lock)
{
    (void)lock;
}

static inline void held_remove(struct lock *lock)
{
    (void)lock;
}

bool lock_is_held(const struct lock *lock)
{
    return __atomic_load_n(&lock->taken, __ATOMIC_RELAXED);
}

#endif

// The holder may wait for this hart to serve it (hart_fence), or for the host's core: after a while
// this hart leaves it that. Called by lock_contended alone, with interrupts held off.
void lock_take_late(struct lock *lock)
{
    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE)) {
        for (uint32_t round = 0; __atomic_load_n(&lock->taken, __ATOMIC_RELAXED); round++) {
            hart_serve();
            if (round >= SPIN_ROUNDS)
                timer_doze(DOZE_NS);
        }
    }
}

interrupt_state lock_take(struct lock *lock)
{
    interrupt_state state = interrupts_hold();
    held_check(lock);
    if (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE)) {
        // Not a call in C: whoever takes a lock would save registers for it, mostly in vain.
        register struct lock *taken __asm__("t2") = lock;
        __asm__ volatile("call t0, lock_contended" ::"r"(taken) : "t0", "t1", "memory");
    }
    held_add(lock);
    return state;
}

bool lock_try(struct lock *lock, interrupt_state *state)
{
    *state = interrupts_hold();
    if (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE)) {
        interrupts_let(*state);
        return false;
    }
    held_check(lock);
    held_add(lock);
    return true;
}

void lock_release(struct lock *lock, interrupt_state state)
{
    held_remove(lock);
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
    interrupts_let(state);
}
