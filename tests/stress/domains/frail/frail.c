// SPDX-License-Identifier: MIT
// A read gives the number of reads so far: the state, by which a test sees that nothing was lost.
#include <stdlib.h>

#include "domain.h"
#include "empty_server.h"
#include "state.h"

#define KIND   STATE_KIND('f', 'r', 'a', 'l')
#define NOBODY 0x40000000 // an address in the slot where nothing is

enum stage {
    STAGE_NONE,
    STAGE_INIT,
    STAGE_DETACH,
    STAGE_EXPORT,
    STAGE_IMPORT,
    STAGE_ATTACH,
    STAGE_RESUME,
    STAGE_REHEARSE
};

static uint64_t reads;

// Fails if this is the stage to fail in.
static int64_t stage_pass(enum stage stage)
{
    if (stage != PARAMETER_STAGE)
        return 0;
    switch (PARAMETER_KIND) {
    case 1:
        *(volatile uint32_t *)NOBODY = 1;
        break;
    case 2:
        for (;;)
            __asm__ volatile("");
    case 3:
        while (malloc(65536))
            ;
        return -ENOMEM;
    }
    return -EIO;
}

RpcResult empty_do_read(rref_t buffer, uint32_t start, uint32_t length)
{
    int64_t status = core_rref_fill(buffer, start, (uint8_t)++reads, length);
    return status < 0 ? rpc_error(status) : rpc_ok(length);
}

int64_t domain_init(void)
{
    return stage_pass(STAGE_INIT);
}

int64_t domain_rehearse(uint64_t serving)
{
    (void)serving;
    return stage_pass(STAGE_REHEARSE);
}

int64_t domain_attach(void)
{
    return stage_pass(STAGE_ATTACH);
}

int64_t domain_detach(uint64_t resume)
{
    return stage_pass(resume ? STAGE_RESUME : STAGE_DETACH);
}

RpcResult domain_export(uint64_t schema)
{
    struct state_writer writer = {0};
    int64_t status = stage_pass(STAGE_EXPORT);
    if (status < 0)
        return rpc_error(status);
    state_write_u64(&writer, reads);
    return state_finish(&writer, KIND, schema);
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    struct state_reader reader;
    int64_t status = stage_pass(STAGE_IMPORT);
    if (status < 0)
        return status;
    state_open(&reader, state, KIND, schema);
    reads = state_read_u64(&reader);
    return state_close(&reader);
}
