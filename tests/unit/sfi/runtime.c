// SPDX-License-Identifier: MIT
// What a domain has from domainlib, for the workloads under the loader: memory, per-thread data,
// log.
#include <reent.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/core_entry.h"
#include "kernel/abi/manifest.h"
#include "tests/unit/sfi/workloads.h"

static struct _reent reent;
static char heap[1 << 20];
static size_t heap_used;

struct _reent *__getreent(void);
void *_sbrk(ptrdiff_t increment);
void __malloc_lock(struct _reent *unused);
void __malloc_unlock(struct _reent *unused);

static int64_t life_nothing(void)
{
    return 0;
}

// What the loader of the kernel would want to know; the one here enters workloads_run by itself.
__attribute__((section(".domain"), used)) static const struct domain_header header = {
    .magic = DOMAIN_MAGIC,
    .abi = DOMAIN_ABI,
    .name = "workloads",
    .title = "workloads",
    .version = 1,
    .flags = DOMAIN_STATELESS,
    .limits = {.pages = 1024, .handles = 1, .budget_ms = 1000, .wait_ms = 1000},
    .init = life_nothing,
    .rehearse = (int64_t(*)(uint64_t))life_nothing,
    .attach = life_nothing,
    .export_state = (RpcResult(*)(uint64_t))life_nothing,
    .import_state = (int64_t(*)(rref_t, uint64_t))life_nothing,
    .detach = (int64_t(*)(uint64_t))life_nothing,
    .exit = life_nothing,
    .thread_main = (void (*)(uint64_t, uint64_t))life_nothing,
    .fault_commit = (void (*)(void))life_nothing,
};

struct _reent *__getreent(void)
{
    if (!reent._stdin)
        _REENT_INIT_PTR_ZEROED(&reent);
    return &reent;
}

void *_sbrk(ptrdiff_t increment)
{
    if (increment < 0 || heap_used + (size_t)increment > sizeof heap)
        return (void *)-1;
    heap_used += (size_t)increment;
    return heap + heap_used - increment;
}

void __malloc_lock(struct _reent *unused)
{
    (void)unused;
}

void __malloc_unlock(struct _reent *unused)
{
    (void)unused;
}

void workload_say(const char *text, size_t length)
{
    register uintptr_t a0 __asm__("a0") = (uintptr_t)text;
    register size_t a1 __asm__("a1") = length;
    __asm__ volatile("ld s9, %2(gp)\n\tjalr s9"
                     : "+r"(a0), "+r"(a1)
                     : "I"(8 * 9)
                     : "ra", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5",
                       "t6", "memory");
}

// What newlib's stdio would call; the workloads print into memory only.
#define UNUSED_CALL(name)                                                                          \
    int name(void);                                                                                \
    int name(void)                                                                                 \
    {                                                                                              \
        __builtin_trap();                                                                          \
    }
UNUSED_CALL(_write)
UNUSED_CALL(_read)
UNUSED_CALL(_lseek)
UNUSED_CALL(_close)
UNUSED_CALL(_fstat)
UNUSED_CALL(_isatty)
UNUSED_CALL(_kill)
UNUSED_CALL(_getpid)
UNUSED_CALL(_exit)
