// SPDX-License-Identifier: MIT
#include "core_driver.h"
#include "block_server.h"
#include "domain.h"
#include "domains/nullblk/store.h"
#include "kernel/domain.h"
#include "kernel/entries.h"
#include "kernel/gate.h"
#include "kernel/rref.h"
#include "kernel/thread.h"
#include "microcore/page.h"

extern const char core_driver_entry[];
void core_driver_page_init(void);
RpcResult core_driver_submit(uint32_t operation, uint64_t offset, rref_t buffer, uint32_t start,
                             uint32_t length, handle_t handle);

static struct proxy *service; // of the domain nullblk

// The build has kernel/main.c call this in place of gate_page_init.
void core_driver_page_init(void)
{
    gate_page_init();
    gate_page[CORE_DRIVER_WORD] = (uint64_t)core_driver_entry;
}

static __attribute__((noinline, cold)) bool driver_open(void)
{
    struct proxy *found = proxy_find("nullblk");
    if (!found || !found->domain || domain_init() < 0)
        return false;
    service = found;
    return true;
}

// As a kernel finds the driver behind what a program has opened. Refuses handles of other services.
RpcResult core_driver_submit(uint32_t operation, uint64_t offset, rref_t buffer, uint32_t start,
                             uint32_t length, handle_t handle)
{
    const struct domain *caller = thread_domain();
    if (!service && !driver_open())
        return rpc_error(RPC_NO_HANDLE);
    if (handle >= caller->handle_count || caller->handles[handle].proxy != service)
        return rpc_error(RPC_NO_HANDLE);
    return block_do_submit(operation, offset, buffer, start, length);
}

// Pieces are the domain's, within its limits, and lent for ever to who makes requests: that is in
// whose name the core copies.
int64_t core_driver_alloc(uint64_t bytes, uint64_t type)
{
    int64_t piece = rref_alloc(service->domain, bytes, type);
    if (piece > 0 && rref_lend(service->domain, (rref_t)piece, thread_domain()) != RPC_OK)
        return -ENOMEM;
    return piece;
}

int64_t core_driver_info(struct system_info *info)
{
    info->pages = page_count_total();
    return 0;
}
