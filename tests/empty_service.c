// SPDX-License-Identifier: MIT
// Domains of tests serve the smallest interface, since every domain serves one, and mean a method
// of it or two. The methods that such a domain does not define are these.
#include "domain.h"
#include "empty_server.h"

__attribute__((weak)) RpcResult empty_do_nothing(void)
{
    return rpc_ok(0);
}

__attribute__((weak)) RpcResult empty_do_read(rref_t buffer, uint32_t start, uint32_t length)
{
    (void)buffer, (void)start, (void)length;
    return rpc_error(-ENOSYS);
}

__attribute__((weak)) RpcResult empty_do_pass(rref_t buffer)
{
    return rpc_ok(buffer);
}

__attribute__((weak)) RpcResult empty_do_look(rref_t buffer)
{
    (void)buffer;
    return rpc_ok(0);
}
