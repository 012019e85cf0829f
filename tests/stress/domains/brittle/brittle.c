// SPDX-License-Identifier: MIT
// A read of one byte is answered. One of two crashes whatever instance meets it; one of three does,
// and leaves behind in kept memory that no further instance is to start. One of four has another
// instance crash in a method without arguments, and answers what the next one of that finds in the
// registers of arguments.
#include <errno.h>

#include "domain.h"
#include "empty_client.h"
#include "empty_server.h"

#define KEY    1 // no further instance starts
#define SCHEMA 1
#define NOBODY 0x40000000 // an address in the slot where nothing is

static void crash(void)
{
    *(volatile uint32_t *)NOBODY = 1;
}

int64_t domain_attach(void)
{
    return core_rref_kept(KEY, SCHEMA) < 0 ? 0 : -EIO;
}

static bool was_read; // so the next `nothing` crashes

RpcResult empty_do_nothing(void)
{
    register uint64_t a0 __asm__("a0"), a1 __asm__("a1"), a2 __asm__("a2"), a3 __asm__("a3");
    register uint64_t a4 __asm__("a4"), a5 __asm__("a5"), a6 __asm__("a6"), a7 __asm__("a7");
    __asm__ volatile(""
                     : "=r"(a0), "=r"(a1), "=r"(a2), "=r"(a3), "=r"(a4), "=r"(a5), "=r"(a6),
                       "=r"(a7));
    uint64_t found = a0 | a1 | a2 | a3 | a4 | a5 | a6 | a7;
    if (was_read)
        crash();
    return rpc_ok(found != 0);
}

// The first call is the slow one of a fresh handle. The second leaves its arguments where those of
// the third would be.
static uint8_t ask_other(void)
{
    rref_t buffer = (rref_t)core_rref_alloc(64, 0);
    RpcResult first = empty_nothing(HANDLE_OTHER), read = empty_read(HANDLE_OTHER, buffer, 0, 1);
    RpcResult nothing = empty_nothing(HANDLE_OTHER);
    core_rref_free(buffer);
    if (first.status != RPC_OK || read.status != RPC_OK || nothing.status != RPC_OK)
        return 'e';
    return nothing.value ? 's' : 'z';
}

RpcResult empty_do_read(rref_t buffer, uint32_t start, uint32_t length)
{
    if (length == 3)
        core_rref_keep((rref_t)core_rref_alloc(64, 0), KEY, SCHEMA);
    if (length == 2 || length == 3)
        crash();
    was_read = length == 1;
    int64_t status = core_rref_fill(buffer, start, length == 4 ? ask_other() : 'b', length);
    return status < 0 ? rpc_error(status) : rpc_ok(length);
}
