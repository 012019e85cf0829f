// SPDX-License-Identifier: MIT
// newlib's port, memory: malloc grows through the core, and is locked against the domain's other
// threads. The lock is recursive as newlib wants it (realloc calls malloc); its owner is the thread
// number, which the stack pointer tells.
#include <errno.h>
#include <reent.h>
#include "core.h"
#include "mutex.h"
#include "thread.h"

#define HEAP_STEP 16384 // bytes: fewer core entries than a page at a time

static struct mutex heap_mutex;
static uint32_t heap_owner; // thread number + 1, 0: nobody; read by those who are not the owner
static uint32_t heap_nesting;

static uintptr_t heap_end;   // what malloc has been given ends here
static uintptr_t heap_limit; // what the core has given ends here

void __malloc_lock(struct _reent *reent);
void __malloc_unlock(struct _reent *reent);
void *_sbrk(ptrdiff_t increment);

void __malloc_lock(struct _reent *reent)
{
    (void)reent;
    uint32_t self = thread_number() + 1;
    if (__atomic_load_n(&heap_owner, __ATOMIC_RELAXED) != self) { // its own alone may be there
        mutex_lock(&heap_mutex);
        __atomic_store_n(&heap_owner, self, __ATOMIC_RELAXED);
    }
    heap_nesting++;
}

void __malloc_unlock(struct _reent *reent)
{
    (void)reent;
    if (--heap_nesting)
        return;
    __atomic_store_n(&heap_owner, 0, __ATOMIC_RELAXED);
    mutex_unlock(&heap_mutex);
}

static int64_t heap_extend(uintptr_t needed)
{
    uint64_t bytes = (needed + HEAP_STEP - 1) & ~(uint64_t)(HEAP_STEP - 1);
    int64_t start = core_heap_grow(bytes);
    if (start < 0)
        return start;
    if (!heap_limit)
        heap_end = heap_limit = (uintptr_t)start;
    heap_limit += bytes;
    return 0;
}

// Called by malloc under its lock. Memory goes back to the core only with the instance.
void *_sbrk(ptrdiff_t increment)
{
    if (increment < 0 && (uintptr_t)-increment > heap_end) {
        errno = EINVAL;
        return (void *)-1;
    }
    if (increment > 0 && (uintptr_t)increment > heap_limit - heap_end &&
        heap_extend((uintptr_t)increment - (heap_limit - heap_end)) < 0) {
        errno = ENOMEM;
        return (void *)-1;
    }
    uintptr_t start = heap_end;
    heap_end += (uintptr_t)increment;
    return (void *)start;
}
