// SPDX-License-Identifier: MIT
#include "kernel/thread.h"
#include "kernel/domain.h"
#include "kernel/gate.h"
#include "kernel/space.h"
#include "kernel/abi/error.h"
#include "microcore/fail.h"
#include "microcore/page.h"
#include "microcore/pagetable.h"
#include "microcore/panic.h"
#include "microcore/string.h"

// Each thread has 64 KiB of addresses in the thread area: a guard, the core stack, a page of
// frames, and a guard behind it. Once mapped they stay, for the next thread of that number.
#define AREA_STRIDE     0x10000
#define AREA_STACK      0x4000
#define AREA_STACK_SIZE 0x6000
#define AREA_FRAMES     0xA000

struct thread *threads[STACK_THREADS];
static struct lock threads_lock = LOCK_INIT(LOCK_THREAD, "threads");
static uint32_t threads_used;

uint32_t thread_count(void)
{
    return threads_used;
}

struct domain *thread_domain(void)
{
    return thread_current()->top->version->domain;
}

struct space *thread_space(void)
{
    return thread_current()->space;
}

static int thread_map_area(uint64_t area)
{
    for (uint64_t offset = AREA_STACK; offset < AREA_FRAMES + PAGE_SIZE; offset += PAGE_SIZE) {
        int level;
        uint64_t *entry = pagetable_walk(core_pagetable, area + offset, &level);
        if (entry && *entry)
            continue; // from an attempt that ran out of memory
        uint64_t physical = page_alloc_zeroed(0);
        if (!physical)
            return -ENOMEM;
        int error = pagetable_map(core_pagetable, area + offset, physical,
                                  PTE_READ | PTE_WRITE | PTE_GLOBAL, 0);
        if (error) {
            page_free(physical, 0);
            return error;
        }
        page_keep(1);
    }
    return 0;
}

// The frames never change place, so what is constant in them is written once.
static int thread_make_area(struct thread *thread)
{
    uint64_t area = THREAD_AREA + thread->number * (uint64_t)AREA_STRIDE;
    int error = thread_map_area(area);
    if (error)
        return error;
    thread->task.core_stack_low = area + AREA_STACK;
    thread->task.core_stack_high = area + AREA_STACK + AREA_STACK_SIZE;
    thread->frames = (struct frame *)(area + AREA_FRAMES);
    for (uint64_t depth = 0; depth < FRAMES_MAX; depth++)
        thread->frames[depth].stack = SLOT_STACKS +
                                      (STACK_DEPTHS * thread->number + depth + 1) * STACK_STRIDE -
                                      STACK_RESERVED;
    thread->frames[0].version = &version_core;
    return 0;
}

// A record of an ended thread, or a new one.
static struct thread *thread_find_free(void)
{
    struct thread *found = NULL;
    interrupt_state state = lock_take(&threads_lock);
    // Number 0 is left out: depth -1 of it would be below the stacks.
    for (uint32_t number = 1; number < STACK_THREADS && !found; number++) {
        if (threads[number] && !threads[number]->in_use) {
            found = threads[number];
            found->in_use = true;
        } else if (!threads[number]) {
            break;
        }
    }
    lock_release(&threads_lock, state);
    return found;
}

static struct thread *thread_make(void)
{
    struct thread *thread = core_alloc(sizeof(*thread));
    if (!thread)
        return NULL;
    interrupt_state state = lock_take(&threads_lock);
    for (uint32_t number = 1; number < STACK_THREADS; number++) {
        if (threads[number])
            continue;
        thread->number = number;
        thread->in_use = true;
        threads[number] = thread;
        break;
    }
    lock_release(&threads_lock, state);
    if (!thread->in_use) {
        core_free(thread, sizeof(*thread));
        return NULL;
    }
    lock_init(&thread->lock, LOCK_THREAD, "thread");
    return thread;
}

struct thread *thread_create(const char *name, void (*function)(void *), void *argument)
{
    if (fail_now(FAIL_THREAD))
        return NULL;
    struct thread *thread = thread_find_free();
    if (!thread)
        thread = thread_make();
    if (!thread)
        return NULL;
    if (!thread->frames && thread_make_area(thread)) {
        thread->in_use = false; // what was mapped stays; mapping goes on where it failed
        return NULL;
    }
    thread->top = &thread->frames[0];
    thread->kicked = false;
    thread->charged = 0;
    thread->owner = NULL;
    thread->is_user = false;
    thread->job = NULL;
    thread->space = NULL;
    thread->process = NULL;
    thread->cookie = 0;
    thread->user_news = 0;
    thread->task.satp = 0;
    thread->task.uses_float = false;
    task_prepare(&thread->task, name, function, argument);
    __atomic_fetch_add(&threads_used, 1, __ATOMIC_RELAXED);
    return thread;
}

void thread_release(struct thread *thread)
{
    __atomic_store_n(&thread->in_use, false, __ATOMIC_RELEASE);
}

// On the idle task: the thread's stack is free now. A user thread's record waits for its handles.
static void thread_ended(struct task *task)
{
    struct thread *thread = (struct thread *)task;
    __atomic_fetch_sub(&threads_used, 1, __ATOMIC_RELAXED);
    if (thread->is_user)
        object_put(&thread->object);
    else
        thread_release(thread);
}

void thread_exit(void)
{
    task_end(thread_ended);
}

void thread_kick(struct thread *thread)
{
    __atomic_store_n(&thread->kicked, true, __ATOMIC_RELEASE);
    task_wake(&thread->task);
}
