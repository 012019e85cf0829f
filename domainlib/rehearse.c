// SPDX-License-Identifier: MIT
#include "kernel/abi/rpc.h"
#include "state.h"

RpcResult domain_export(uint64_t schema);
int64_t domain_import(rref_t state, uint64_t schema);

void handover_rehearse(uint64_t schema)
{
    RpcResult state = domain_export(schema);
    if (state.status == RPC_OK)
        (void)domain_import((rref_t)state.value, schema);
    state_spare_free(); // the one that comes is kept in its place
}

void handover_rehearse_export(uint64_t schema)
{
    RpcResult state = domain_export(schema);
    if (state.status == RPC_OK)
        state_spare_keep((rref_t)state.value);
}
