// SPDX-License-Identifier: MIT
#include "microcore/hart.h"
#include "microcore/boot.h"
#include "microcore/csr.h"
#include "microcore/devicetree.h"
#include "microcore/pagetable.h"
#include "microcore/panic.h"
#include "microcore/sbi.h"
#include "microcore/task.h"
#include "microcore/timer.h"
#include "microcore/trap.h"

#define SPIN_ROUNDS 2000

enum hart_request { // what harts ask of each other besides being interrupted
    REQUEST_LEAVE_SATP = 1,
    REQUEST_FENCE = 2,
    REQUEST_FENCE_INSTRUCTIONS = 4,
};

struct hart harts[HARTS_MAX];
uint32_t hart_count;

struct hart *hart_current(void)
{
    return task_current()->hart;
}

void hart_init(uint64_t boot_id)
{
    if (!machine.hart_count) { // not known yet
        machine.hart_count = 1;
        machine.hart_ids[0] = (uint32_t)boot_id;
    }
    hart_count = machine.hart_count;
    for (uint32_t index = 1; index < hart_count; index++)
        if (machine.hart_ids[index] == boot_id) {
            uint32_t context = machine.hart_contexts[index];
            machine.hart_ids[index] = machine.hart_ids[0];
            machine.hart_contexts[index] = machine.hart_contexts[0];
            machine.hart_ids[0] = (uint32_t)boot_id;
            machine.hart_contexts[0] = context;
        }
    for (uint32_t index = 0; index < hart_count; index++) {
        struct hart *hart = &harts[index];
        hart->index = index;
        hart->id = machine.hart_ids[index];
        hart->counters = (struct counter_offsets){index * 128, index * 128 + sizeof(uint64_t)};
        task_idle_init(hart);
    }
    harts[0].online = true;
}

void hart_interrupt(uint32_t index)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    sbi_interrupt(1ul << harts[index].id);
}

// One round of waiting for another hart, interrupts off. Spins at first, then sleeps until an
// interrupt is pending: a host with too few cores needs ours, and with -icount QEMU runs one hart
// at a time, for as long as that has something to do. hart_serve wakes those who sleep here; a
// timer that has run out would keep them from sleeping.
static void wait_round(struct hart *self, uint32_t round)
{
    hart_serve();
    if (round < SPIN_ROUNDS)
        return;
    if (!__atomic_exchange_n(&self->waits, 1, __ATOMIC_SEQ_CST))
        return; // the condition is looked at once more
    uint64_t enabled = csr_read(sie);
    csr_write(sie, 1u << INTERRUPT_SOFTWARE);
    __asm__ volatile("wfi" ::: "memory");
    csr_clear(sip, 1u << INTERRUPT_SOFTWARE);
    csr_write(sie, enabled);
}

// After the last round: what came in meanwhile is taken when interrupts are on again.
static void wait_end(struct hart *self)
{
    if (__atomic_exchange_n(&self->waits, 0, __ATOMIC_RELAXED))
        csr_set(sip, 1u << INTERRUPT_SOFTWARE);
}

static void waiters_wake(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (uint32_t index = 0; index < hart_count; index++)
        if (__atomic_load_n(&harts[index].waits, __ATOMIC_RELAXED))
            sbi_interrupt(1ul << harts[index].id);
}

// A secondary hart's first C, on its idle task's stack.
void hart_started(uint64_t index)
{
    struct hart *hart = &harts[index];
    hart->satp = core_satp;
    timer_init_hart();
    csr_set(sie, 1u << INTERRUPT_SOFTWARE);
    __atomic_store_n(&hart->online, true, __ATOMIC_RELEASE);
    waiters_wake();
    task_idle_loop();
}

void hart_start_others(void)
{
    struct hart *self = hart_current();
    for (uint32_t index = 1; index < hart_count; index++) {
        int64_t error = sbi_hart_start(harts[index].id, image_physical(secondary_start), 0);
        if (error)
            panic("hart %u does not start: SBI error %ld", harts[index].id, (long)error);
    }
    for (uint32_t index = 1, round = 0; index < hart_count; index++)
        while (!__atomic_load_n(&harts[index].online, __ATOMIC_ACQUIRE))
            wait_round(self, round++);
    wait_end(self);
}

void hart_set_satp(struct hart *hart, uint64_t satp)
{
    if (hart->satp == satp)
        return;
    csr_write(satp, satp);
    fence_local(); // all have ASID 0 (privileged spec 4.2.1)
    __atomic_store_n(&hart->satp, satp, __ATOMIC_RELEASE);
}

// ---- Requests ----

// Asks the harts of TARGETS (a bit for each) and waits until all have served it.
static void harts_request(uint64_t targets, uint32_t requests)
{
    // Interrupts off: who waits serves the others' requests himself.
    interrupt_state state = interrupts_disable();
    struct hart *self = hart_current();
    uint64_t numbers[HARTS_MAX], mask = 0;
    for (uint32_t index = 0; index < hart_count; index++) {
        struct hart *hart = &harts[index];
        if (!(targets >> index & 1) || hart == self || !hart->online)
            continue;
        __atomic_fetch_or(&hart->requests, requests, __ATOMIC_SEQ_CST);
        numbers[index] = __atomic_add_fetch(&hart->requested, 1, __ATOMIC_SEQ_CST);
        // A sleeping hart serves it before it does anything else.
        bool later =
            !(requests & REQUEST_LEAVE_SATP) && __atomic_load_n(&hart->sleeps, __ATOMIC_SEQ_CST);
        mask |= later ? 0 : 1ul << index;
    }
    for (uint32_t index = 0; index < hart_count; index++)
        if (mask >> index & 1)
            hart_interrupt(index);
    for (uint32_t index = 0, round = 0; index < hart_count; index++)
        while (mask >> index & 1 &&
               __atomic_load_n(&harts[index].served, __ATOMIC_ACQUIRE) < numbers[index])
            wait_round(self, round++);
    wait_end(self);
    interrupts_restore(state);
}

static void fence(bool instructions)
{
    __asm__ volatile("sfence.vma" ::: "memory");
    if (instructions)
        __asm__ volatile("fence.i" ::: "memory");
}

void hart_interrupt_all(void)
{
    harts_request(UINT64_MAX, 0);
}

void hart_fence(uint64_t targets, bool instructions)
{
    interrupt_state state = interrupts_disable(); // this hart, and all others but this
    if (targets >> hart_current()->index & 1)
        fence(instructions);
    harts_request(targets, REQUEST_FENCE | (instructions ? REQUEST_FENCE_INSTRUCTIONS : 0));
    interrupts_restore(state);
}

void hart_leave_satp(uint64_t satp)
{
    interrupt_state state = interrupts_disable();
    uint64_t targets = 0;
    if (hart_current()->satp == satp)
        hart_set_satp(hart_current(), core_satp);
    for (uint32_t index = 0; index < hart_count; index++)
        if (__atomic_load_n(&harts[index].satp, __ATOMIC_ACQUIRE) == satp)
            targets |= 1ul << index;
    if (targets)
        harts_request(targets, REQUEST_LEAVE_SATP);
    interrupts_restore(state);
}

void hart_serve(void)
{
    struct hart *hart = hart_current();
    uint64_t number = __atomic_load_n(&hart->requested, __ATOMIC_SEQ_CST);
    if (hart->served == number)
        return;
    uint32_t requests = __atomic_exchange_n(&hart->requests, 0, __ATOMIC_SEQ_CST);
    if (requests & REQUEST_LEAVE_SATP && hart->current->satp != hart->satp)
        hart_set_satp(hart, core_satp);
    if (requests & REQUEST_FENCE)
        fence(requests & REQUEST_FENCE_INSTRUCTIONS);
    __atomic_store_n(&hart->served, number, __ATOMIC_RELEASE);
    waiters_wake();
}

void hart_sleep(struct hart *hart)
{
    __atomic_store_n(&hart->sleeps, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&hart->requested, __ATOMIC_SEQ_CST) == hart->served)
        __asm__ volatile("wfi" ::: "memory");
    __atomic_store_n(&hart->sleeps, 0, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&hart->requested, __ATOMIC_SEQ_CST) != hart->served)
        hart_serve();
}
