// SPDX-License-Identifier: MIT
// Memory of threads: a guard page, the stack, and the thread's own data (thread.h) above. Blocks
// are kept in a list. One that was given back is used again as soon as the kernel has said that its
// thread is gone, so nobody unmaps the stack that it stands on.
#include <stddef.h>
#include <sys/mman.h>
#include "thread.h"

#define PAGE      4096ul
#define IDLE_KEPT 8u /* blocks of no use that stay mapped */

pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;
static struct __pthread *blocks;

static bool is_idle(const struct __pthread *thread)
{
    return !thread->is_used && !atomic_load(&thread->alive);
}

static size_t size_for(size_t stack_size)
{
    return ((stack_size + PAGE - 1) & ~(PAGE - 1)) + PAGE; /* and the guard */
}

static struct __pthread *lay_out(char *block, size_t size, struct __pthread *next)
{
    struct __pthread *thread = thread_lay_out(block + PAGE, block + size);
    if (!thread)
        return NULL;
    thread->block = block;
    thread->block_size = size;
    thread->next_block = next;
    thread->is_used = true;
    return thread;
}

/* An idle block of that size, laid out anew: in the same places, so its link stays. */
static struct __pthread *idle_find(size_t size)
{
    for (struct __pthread *each = blocks; each; each = each->next_block)
        if (each->block_size == size && is_idle(each))
            return lay_out(each->block, size, each->next_block);
    return NULL;
}

static struct __pthread *block_map(size_t size)
{
    char *block = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        return NULL;
    struct __pthread *thread = NULL;
    if (mprotect(block + PAGE, size - PAGE, PROT_READ | PROT_WRITE) == 0)
        thread = lay_out(block, size, blocks);
    if (thread)
        blocks = thread;
    else
        munmap(block, size);
    return thread;
}

struct __pthread *block_take(size_t stack_size)
{
    size_t size = size_for(stack_size);
    pthread_mutex_lock(&blocks_lock);
    struct __pthread *thread = idle_find(size);
    if (!thread)
        thread = block_map(size);
    pthread_mutex_unlock(&blocks_lock);
    return thread;
}

/* Unmaps idle blocks but the first few. */
static void blocks_trim(void)
{
    unsigned idle = 0;
    for (struct __pthread **link = &blocks; *link;) {
        struct __pthread *each = *link;
        if (is_idle(each) && ++idle > IDLE_KEPT) {
            *link = each->next_block;
            munmap(each->block, each->block_size);
        } else {
            link = &each->next_block;
        }
    }
}

void block_give(struct __pthread *thread)
{
    pthread_mutex_lock(&blocks_lock);
    thread->is_used = false;
    blocks_trim();
    pthread_mutex_unlock(&blocks_lock);
}

void blocks_after_fork(void)
{
    for (struct __pthread *each = blocks; each; each = each->next_block) {
        if (each == thread_self())
            continue;
        each->is_used = false;
        each->alive = 0;
    }
}
