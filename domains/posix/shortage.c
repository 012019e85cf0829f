// SPDX-License-Identifier: MIT
#include "shortage.h"

#include <stdio.h>
#include "core.h"
#include "log.h"
#include "processes.h"

#define CAUSE_LOAD_PAGE  13
#define CAUSE_STORE_PAGE 15
#define ROUND_NS         5000000u    // between two looks at whether there is memory again
#define DEATH_NS         2000000000u // that a victim gets to end, before another one is chosen,
#define RETURN_NS        200000000u  // and its pages, to come back

static uint64_t next_choice; // when there may be another victim; under process_lock

static uint64_t pages_of(const struct process *process)
{
    int64_t pages = process->memory.space ? core_space_pages(process->memory.space) : 0;
    return pages > 0 ? (uint64_t)pages : 0;
}

// The process that holds the most; never the first, without which there is no system. NULL: there
// is no other. process_lock held.
static struct process *victim_choose(uint64_t *most)
{
    struct process *victim = NULL;
    *most = 0;
    for (uint32_t i = 0; i < places_used; i++) {
        struct process *each = &processes[i];
        bool is_candidate = each->life == LIFE_ALIVE || each->life == LIFE_STOPPED;
        if (!is_candidate || each->pid == 1 || each->is_victim)
            continue;
        uint64_t pages = pages_of(each);
        if (victim && pages <= *most)
            continue;
        victim = each;
        *most = pages;
    }
    return victim;
}

// Kills one process at a time, unless it does not end.
static void victim_kill(void)
{
    uint64_t now = core_time(), pages;
    mutex_lock(&process_lock);
    struct process *victim = now >= next_choice ? victim_choose(&pages) : NULL;
    if (victim) {
        next_choice = now + DEATH_NS;
        victim->is_victim = true;
        signal_send(victim, SIGKILL, (struct signal_origin){.code = ORIGIN_KERNEL});
        log_printf("out of memory: pid %u (%s) is killed, which holds %llu KiB",
                   (unsigned)victim->pid, victim->name,
                   (unsigned long long)pages * PAGE_SIZE / 1024);
    }
    mutex_unlock(&process_lock);
}

void shortage_victim_ends(struct thread *thread)
{
    const struct process *process = thread->process;
    char line[120];
    snprintf(line, sizeof line, "out of memory: pid %u (%s) is killed, which holds %llu KiB\n",
             (unsigned)process->pid, process->name,
             (unsigned long long)pages_of(process) * PAGE_SIZE / 1024);
    error_print(thread, line);
    mutex_lock(&process_lock);
    next_choice = core_time() + RETURN_NS;
    mutex_unlock(&process_lock);
}

bool shortage_relieve(struct thread *thread)
{
    victim_kill();
    int64_t slept = sleep_until(thread, sleep_prepare(thread), core_time() + ROUND_NS);
    return slept == -ETIMEDOUT || slept >= 0;
}

// 0 where the page is there now, or what the core says about it.
static int64_t page_take(struct thread *thread, uint64_t cause, uint64_t address)
{
    uint64_t protection = cause == CAUSE_STORE_PAGE ? PROTECTION_WRITE : PROTECTION_READ;
    int64_t window = core_window_create(thread->process->memory.space, address, 1, protection);
    if (window >= 0)
        core_rref_free((rref_t)window);
    return window < 0 ? window : 0;
}

bool shortage_resolve(struct thread *thread, uint64_t cause, uint64_t address)
{
    if (cause != CAUSE_LOAD_PAGE && cause != CAUSE_STORE_PAGE)
        return false; // code is there from the start
    for (;;) {
        int64_t result = page_take(thread, cause, address);
        if (result != -ENOMEM)
            return result == 0;
        if (!shortage_relieve(thread))
            return true;
    }
}
