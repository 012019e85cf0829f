// SPDX-License-Identifier: MIT
// The smallest service: what a call costs when the callee does nothing, and what to update first.
// Both versions are this file; the manifest's parameter tells them apart.
#include "domain.h"
#include "empty_server.h"

RpcResult empty_do_nothing(void)
{
    return rpc_ok(0);
}

RpcResult empty_do_read(rref_t buffer, uint32_t start, uint32_t length)
{
    int64_t status = core_rref_fill(buffer, start, PARAMETER_FILL, length);
    return status < 0 ? rpc_error(status) : rpc_ok(length);
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
