// SPDX-License-Identifier: MIT
#include "wall.h"

#include <stdatomic.h>
#include "clock_client.h"
#include "core.h"

static _Atomic uint64_t known; // 0: not yet. Whoever asks at once is told the same.

void wall_learn(handle_t rtc)
{
    if (wall_boot() || core_handle_status(rtc) <= 0)
        return;
    RpcResult result = clock_boot(rtc);
    if (result.status == RPC_OK)
        wall_restore(result.value);
}

void wall_learn_kept(handle_t rtc, uint64_t *kept)
{
    if (!wall_boot())
        wall_restore(*kept);
    wall_learn(rtc);
    if (*kept != wall_boot())
        *kept = wall_boot();
}

uint64_t wall_boot(void)
{
    return atomic_load_explicit(&known, memory_order_relaxed);
}

void wall_restore(uint64_t boot)
{
    atomic_store_explicit(&known, boot, memory_order_relaxed);
}

uint64_t wall_time(void)
{
    return core_time() + wall_boot();
}
