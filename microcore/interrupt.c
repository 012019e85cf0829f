// SPDX-License-Identifier: MIT
// RISC-V Platform-Level Interrupt Controller specification 1.0. All sources go to the boot hart: an
// enabled source wakes every hart that has it enabled, and all but one would find nothing to claim.
#include "microcore/interrupt.h"
#include <stdbool.h>
#include <stddef.h>
#include "kernel/abi/error.h"
#include "microcore/devicetree.h"
#include "microcore/hart.h"
#include "microcore/lock.h"
#include "microcore/panic.h"

#define SOURCES_MAX    128
#define PLIC_PRIORITY  0x0      // + 4 * source
#define PLIC_ENABLE    0x2000   // + 0x80 * context, a bit for each source
#define PLIC_THRESHOLD 0x200000 // + 0x1000 * context
#define PLIC_CLAIM     0x200004 // likewise; a write completes

struct source {
    void (*handler)(void *argument);
    void *argument;
    bool claimed; // and not completed
    bool running; // its handler
};

static struct lock interrupt_lock = LOCK_INIT(LOCK_INTERRUPT, "interrupt");
static struct source sources[SOURCES_MAX];

static volatile uint32_t *plic_register(uint64_t offset)
{
    return (volatile uint32_t *)((volatile char *)mmio_pointer(machine.plic_address) + offset);
}

static volatile uint32_t *plic_claim(void)
{
    return plic_register(PLIC_CLAIM + 0x1000 * machine.hart_contexts[0]);
}

static void source_enable(uint32_t source, bool enable)
{
    volatile uint32_t *word =
        plic_register(PLIC_ENABLE + 0x80 * machine.hart_contexts[0] + source / 32 * 4);
    uint32_t bit = 1u << source % 32;
    *word = enable ? *word | bit : *word & ~bit;
}

void interrupt_init(void)
{
    *plic_register(PLIC_THRESHOLD + 0x1000 * machine.hart_contexts[0]) = 0;
    for (uint32_t source = 0; source < SOURCES_MAX; source += 32)
        *plic_register(PLIC_ENABLE + 0x80 * machine.hart_contexts[0] + source / 32 * 4) = 0;
}

int interrupt_attach(uint32_t source, void (*handler)(void *argument), void *argument)
{
    if (source == 0 || source >= SOURCES_MAX)
        return -EINVAL;
    interrupt_state state = lock_take(&interrupt_lock);
    int error = sources[source].handler ? -EBUSY : 0;
    if (!error) {
        sources[source].handler = handler;
        sources[source].argument = argument;
        *plic_register(PLIC_PRIORITY + 4 * source) = 1;
        source_enable(source, true);
    }
    lock_release(&interrupt_lock, state);
    return error;
}

// With interrupt_lock held.
static void source_complete(uint32_t source)
{
    if (!sources[source].claimed)
        return;
    sources[source].claimed = false;
    *plic_claim() = source;
}

void interrupt_detach(uint32_t source)
{
    if (source == 0 || source >= SOURCES_MAX)
        return;
    interrupt_state state = lock_take(&interrupt_lock);
    // Completed while it is enabled, else the PLIC ignores it; and disabled before anybody can
    // claim it again: a line that is still up would be, at once, and then stay claimed for ever.
    source_complete(source);
    source_enable(source, false);
    sources[source].handler = NULL;
    lock_release(&interrupt_lock, state);
    // A handler runs with interrupts off: if it is on its way, then on another hart than this.
    while (__atomic_load_n(&sources[source].running, __ATOMIC_ACQUIRE))
        ;
}

void interrupt_complete(uint32_t source)
{
    interrupt_state state = lock_take(&interrupt_lock);
    source_complete(source);
    lock_release(&interrupt_lock, state);
}

// Claims the next pending source. NULL: there is none, or it has no handler and is completed at
// once.
static struct source *source_claim(struct source *claimed)
{
    interrupt_state state = lock_take(&interrupt_lock);
    uint32_t number = *plic_claim();
    struct source *source = number < SOURCES_MAX ? &sources[number] : NULL;
    if (source && source->handler) {
        source->claimed = source->running = true;
        *claimed = *source;
    } else {
        source = NULL;
        if (number)
            *plic_claim() = number;
    }
    lock_release(&interrupt_lock, state);
    return source;
}

void interrupt_dispatch(void)
{
    struct source claimed;
    struct source *source = source_claim(&claimed);
    if (!source)
        return;
    claimed.handler(claimed.argument);
    __atomic_store_n(&source->running, false, __ATOMIC_RELEASE);
}
