// SPDX-License-Identifier: MIT
// A read of one byte is answered. One of two crashes whatever instance meets it; one of three does,
// and leaves behind in kept memory that no further instance is to start.
#include <errno.h>

#include "domain.h"
#include "empty_server.h"

#define KEY    1
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

RpcResult empty_do_read(rref_t buffer, uint32_t start, uint32_t length)
{
    if (length == 3)
        core_rref_keep((rref_t)core_rref_alloc(64, 0), KEY, SCHEMA);
    if (length > 1)
        crash();
    int64_t status = core_rref_fill(buffer, start, 'b', length);
    return status < 0 ? rpc_error(status) : rpc_ok(length);
}
