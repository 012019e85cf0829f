// SPDX-License-Identifier: MIT
// Ranked spin locks. A hart takes locks in rising rank only (checked with DEBUG=1), with
// interrupts held off for as long as it holds one, and neither sleeps nor faults meanwhile.
//
// They are not handed on in order (tickets): QEMU's harts are threads of a host that may have fewer
// cores, and a lock that is due to a hart which does not run stops all others for the host's time
// slice. Measured with 64 sleeping tasks on 2 harts beside a busy host: wake-ups up to 300 ms late.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// The lock order of the whole core, outermost first.
enum lock_rank {
    LOCK_CONTROL = 1, // kernel/control.c: services, images
    LOCK_DOMAIN,      // one domain: state, ledger, handle table
    LOCK_SPACE,       // one address space
    LOCK_RREF,        // RRef registry and shared heap
    LOCK_SLOT,        // page tables of one slot
    LOCK_DEVICE,      // one device: mediator state
    LOCK_EVENT,       // one event: waiters, completions
    LOCK_THREAD,      // one thread: frames, pending
    LOCK_TIMER,       // timers of one hart
    LOCK_RUNQUEUE,    // run queue of one hart
    LOCK_INTERRUPT,   // PLIC and handlers
    LOCK_HEAP,        // core_alloc
    LOCK_PAGE,
    LOCK_LOG,
    LOCK_CONSOLE,
};

struct lock {
    uint32_t taken;
    uint32_t rank;   // enum lock_rank
    uint32_t holder; // hart index + 1, DEBUG=1
    const char *name;
};

#define LOCK_INIT(rank_, name_)                                                                    \
    {                                                                                              \
        .rank = (rank_), .name = (name_)                                                           \
    }

void lock_init(struct lock *lock, enum lock_rank rank, const char *name);

// Interrupts are held off before the first lock is taken and come back as they were after the last
// is released: the result of lock_take is handed to lock_release.
typedef uint64_t interrupt_state;
interrupt_state lock_take(struct lock *lock);
// Takes the lock only if it is free; true: taken, *state is for lock_release.
bool lock_try(struct lock *lock, interrupt_state *state);
void lock_release(struct lock *lock, interrupt_state state);
bool lock_is_held(const struct lock *lock); // by this hart; exact with DEBUG=1, else "by anybody"

// Holds interrupts off without a word to the hart: a word in the current task says so. One that
// comes all the same is put off (trap.c): it goes on waiting, interrupts are disabled, and who lets
// them again enables them, so that it comes then. A control register costs a hart its pipeline and
// an emulator the way out of its translated code, and hardly ever does one come in these few
// instructions. For what neither switches tasks nor waits for an interrupt: that disables them.
interrupt_state interrupts_hold(void);
void interrupts_let(interrupt_state state); // what interrupts_hold returned

interrupt_state interrupts_disable(void);
void interrupts_restore(interrupt_state state);
void interrupts_enable(void); // whatever they were
