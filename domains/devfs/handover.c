// SPDX-License-Identifier: MIT
// Update: an open device is a number that means the same to every version, so that only what a few
// devices remember is handed on. Schema 2 has the state of the random numbers, which otherwise
// begin anew.
#include "core.h"
#include "device.h"
#include "manifest.h"
#include "state.h"

#define KIND STATE_KIND('d', 'e', 'v', 's')

RpcResult domain_export(uint64_t schema)
{
    struct state_writer writer = {0};
    if (schema < 1 || schema > DOMAIN_SCHEMA)
        return rpc_error(-EINVAL);
    bench_export(&writer);
    if (schema >= 2)
        random_export(&writer);
    return state_finish(&writer, KIND, schema);
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    struct state_reader reader;
    state_open(&reader, state, KIND, schema);
    bench_import(&reader);
    if (schema >= 2)
        random_import(&reader);
    return state_close(&reader);
}
