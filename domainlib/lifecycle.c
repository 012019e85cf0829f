// SPDX-License-Identifier: MIT
// What an image does at the turns of its life unless the domain says otherwise, and how a thread of
// its own begins.
#include <assert.h>
#include <errno.h>
#include <reent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/abi/rpc.h"

int64_t domain_init(void);
int64_t domain_rehearse(uint64_t serving);
int64_t domain_attach(void);
RpcResult domain_export(uint64_t schema);
int64_t domain_import(rref_t state, uint64_t schema);
int64_t domain_detach(uint64_t resume);
int64_t domain_exit(void);
void thread_main(uint64_t function, uint64_t argument);

// Every image links this file, and with it what the table names, which the linker then discards:
// the return stub, to which only the core's gate refers; and functions of which the C library has
// versions too, that know nothing of threads and of the core.
void domain_return_stub(void);
void __malloc_lock(struct _reent *reent);
void __malloc_unlock(struct _reent *reent);
struct _reent *__getreent(void);
static const void *const always_linked[] __attribute__((used, section(".rodata.always_linked"))) = {
    (void *)domain_return_stub, (void *)__malloc_lock, (void *)__malloc_unlock, (void *)__getreent,
    (void *)__assert_func,      (void *)abort,         (void *)memmove,
};

__attribute__((weak)) int64_t domain_init(void)
{
    return 0;
}

__attribute__((weak)) int64_t domain_rehearse(uint64_t serving)
{
    (void)serving;
    return 0;
}

__attribute__((weak)) int64_t domain_attach(void)
{
    return 0;
}

__attribute__((weak)) RpcResult domain_export(uint64_t schema)
{
    (void)schema;
    return rpc_error(-ENODATA);
}

__attribute__((weak)) int64_t domain_import(rref_t state, uint64_t schema)
{
    (void)state;
    (void)schema;
    return -EINVAL;
}

__attribute__((weak)) int64_t domain_detach(uint64_t resume)
{
    (void)resume;
    return 0;
}

__attribute__((weak)) int64_t domain_exit(void)
{
    return 0;
}

// The core starts each thread of the domain here, on a stack of its own. Returning from it reaches
// the return stub, and with the last frame popped the thread ends.
void thread_main(uint64_t function, uint64_t argument)
{
    ((void (*)(uint64_t))(uintptr_t)function)(argument);
}
