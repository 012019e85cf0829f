// SPDX-License-Identifier: MIT
// A domain that had buffers and lost them. It looks at their places once they hold another's
// secret: through the core, which must refuse, and in the end with an instruction of its own, which
// must be the last that it carries out.
#include "domain.h"
#include "empty_server.h"

#define HAD_MAX 400
#define SECRET  0x5ec2e75ec2e75ec2u

static rref_t had[HAD_MAX];
static uint32_t had_count;

// A buffer is touched, so that its page is entered in our slot, and given back.
RpcResult empty_do_pass(rref_t buffer)
{
    *(volatile uint64_t *)(uintptr_t)buffer = 1;
    if (had_count < HAD_MAX)
        had[had_count++] = buffer;
    return rpc_ok(buffer);
}

// Looks at all of them in ways that do not end us.
RpcResult empty_do_nothing(void)
{
    uint32_t named = 0, mapped = 0, seen = 0;
    uint64_t word;
    int64_t own = core_rref_alloc(sizeof word, 0);
    for (uint32_t i = 0; i < had_count; i++) {
        named += core_rref_read(had[i], 0, &word, sizeof word) >= 0;
        if (core_rref_write((rref_t)own, 0, (void *)(uintptr_t)had[i], sizeof word) < 0)
            continue; // the core finds nothing there in our slot
        mapped++;
        core_rref_read((rref_t)own, 0, &word, sizeof word);
        seen += word == SECRET;
    }
    core_rref_free((rref_t)own);
    log_printf("spy: had %u, reached %u by name, %u by place, %u secrets seen", had_count, named,
               mapped, seen);
    return rpc_ok(0);
}

// Looks at them directly. The first place that has been recycled ends us.
RpcResult empty_do_look(rref_t buffer)
{
    (void)buffer;
    for (uint32_t i = 0; i < had_count; i++) {
        if (*(volatile uint64_t *)(uintptr_t)had[i] == SECRET)
            log_printf("spy: read the secret");
    }
    log_printf("spy: read everything");
    return rpc_ok(0);
}
