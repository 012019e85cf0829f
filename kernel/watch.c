// SPDX-License-Identifier: MIT
#include "kernel/watch.h"
#include "kernel/control.h"
#include "kernel/domain.h"
#include "kernel/gate.h"
#include "kernel/abi/error.h"
#include "microcore/string.h"
#include "microcore/timer.h"

static bool watching;         // LOCK_CONTROL; changed by the control task
static uint64_t wanted_until; // ns since boot; atomic

static void lead(struct version *version)
{
    for (uint32_t i = 0; i < DOMAIN_METHODS_MAX; i++)
        __atomic_store_n(&version->methods[i],
                         watching ? (uint64_t)gate_watched : version->served[i], __ATOMIC_RELEASE);
}

void watch_lead(struct version *version)
{
    interrupt_state state = lock_take(&control_lock);
    lead(version);
    lock_release(&control_lock, state);
}

// An instance that is gone may share its record with another by now: that is led where it should
// be.
static void watch_change(bool wanted)
{
    interrupt_state state = lock_take(&control_lock);
    __atomic_store_n(&watching, wanted, __ATOMIC_SEQ_CST);
    for (struct domain *domain = domains; domain; domain = domain->next)
        lead(domain->version);
    lock_release(&control_lock, state);
}

// Who asks sets the time and then looks whether calls are watched; this changes that and then looks
// at the time once more. So one of the two sees what the other did.
uint64_t watch_renew(void)
{
    for (;;) {
        uint64_t until = __atomic_load_n(&wanted_until, __ATOMIC_SEQ_CST);
        bool wanted = time_now() < until;
        if (wanted == watching)
            return wanted ? until : UINT64_MAX;
        watch_change(wanted);
    }
}

int64_t watch_query(uint64_t index, struct service_times *times)
{
    __atomic_store_n(&wanted_until, time_now() + WATCH_NS, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&watching, __ATOMIC_SEQ_CST))
        control_look();
    interrupt_state state = lock_take(&control_lock);
    const struct proxy *proxy = proxies;
    while (proxy && (!proxy->image || index--))
        proxy = proxy->next;
    if (proxy) {
        string_copy(times->name, proxy->name, sizeof(times->name));
        for (uint32_t i = 0; i < WATCH_BUCKETS; i++)
            times->took[i] = __atomic_load_n(&proxy->took[i], __ATOMIC_RELAXED);
    }
    lock_release(&control_lock, state);
    return proxy ? 0 : -ENOENT;
}

static uint32_t bucket_of(uint64_t ticks)
{
    uint64_t shift = 0;
    while (ticks >> shift >= 2 * WATCH_PARTS)
        shift++;
    uint64_t bucket = shift * WATCH_PARTS + (ticks >> shift);
    return bucket < WATCH_BUCKETS ? (uint32_t)bucket : WATCH_BUCKETS - 1;
}

void watch_count_late(const struct frame *frame)
{
    uint64_t ticks = csr_read(time) - frame->entered;
    __atomic_fetch_add(&frame->proxy->took[bucket_of(ticks)], 1, __ATOMIC_RELAXED);
}

void watch_rested(uint64_t began)
{
    const struct thread *thread = thread_current();
    const struct frame *top = thread->top;
    if (!top->proxy || !(top->proxy->descriptions[frame_method(top)].flags & METHOD_BLOCKING))
        return;
    uint64_t rested = csr_read(time) - began;
    for (struct frame *frame = thread->frames + 1; frame <= top; frame++)
        if (frame->carried & FRAME_WATCHED)
            frame->entered += rested;
}
