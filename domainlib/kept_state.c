// SPDX-License-Identifier: MIT
#include "kept_state.h"
#include <errno.h>
#include "core.h"

static bool is_handed_over;

int64_t kept_alloc(uint64_t bytes, uint64_t key, uint64_t schema)
{
    int64_t rref = core_rref_alloc(bytes, 0);
    if (rref < 0)
        return rref;
    int64_t status = core_rref_keep((rref_t)rref, key, schema);
    if (status < 0)
        core_rref_free((rref_t)rref);
    return status < 0 ? status : rref;
}

rref_t kept_find(uint64_t bytes, uint64_t key, uint64_t schema)
{
    int64_t rref = core_rref_kept(key, schema);
    if (rref <= 0)
        return 0;
    if (core_rref_length((rref_t)rref) >= (int64_t)bytes)
        return (rref_t)rref;
    core_rref_free((rref_t)rref);
    return 0;
}

RpcResult kept_export(uint64_t schema, uint64_t own)
{
    if (schema != own)
        return rpc_error(-EINVAL);
    int64_t state = core_rref_alloc(sizeof schema, 0);
    is_handed_over = state >= 0;
    return state < 0 ? rpc_error(state) : rpc_ok((rref_t)state);
}

int64_t kept_import(rref_t state, uint64_t schema, uint64_t own)
{
    core_rref_free(state);
    return schema == own ? 0 : -EINVAL;
}

bool kept_is_handed_over(void)
{
    return is_handed_over;
}

void kept_resume(void)
{
    is_handed_over = false;
}
