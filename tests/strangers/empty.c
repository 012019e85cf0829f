// SPDX-License-Identifier: MIT
// A domain that only starts: all services have an interface, and this one's is the smallest.
#include "domain.h"
#include "empty_server.h"

RpcResult empty_do_nothing(void)
{
    return rpc_ok(0);
}

RpcResult empty_do_read(rref_t buffer, uint32_t start, uint32_t length)
{
    (void)buffer, (void)start, (void)length;
    return rpc_error(-ENOSYS);
}

RpcResult empty_do_pass(rref_t buffer)
{
    return rpc_ok(buffer);
}

RpcResult empty_do_look(rref_t buffer)
{
    (void)buffer;
    return rpc_ok(0);
}
