// SPDX-License-Identifier: MIT
// Gives the spy buffers, takes them back and frees them; then fills new ones, many of them in the
// places of the old ones, with a secret, and lets the spy look.
#include "domain.h"
#include "empty_client.h"
#include "empty_server.h"

#define GIVEN  320 // more than may wait as stale before they are recycled
#define KEPT   640
#define PAGE   4096
#define SECRET 0x5ec2e75ec2e75ec2u

static uint32_t place_given[GIVEN];
static rref_t kept[KEPT];

static int64_t give_and_take(void)
{
    static rref_t given[GIVEN];
    for (uint32_t i = 0; i < GIVEN; i++) {
        int64_t rref = core_rref_alloc(PAGE, 0);
        RpcResult back = rref < 0 ? rpc_error(rref) : empty_pass(HANDLE_SPY, (rref_t)rref);
        if (back.status < 0)
            return back.status;
        given[i] = back.value;
        place_given[i] = (uint32_t)back.value;
    }
    for (uint32_t i = 0; i < GIVEN; i++)
        core_rref_free(given[i]);
    return 0;
}

// How many of the new buffers lie where one of the old ones was.
static uint32_t secrets_make(void)
{
    uint32_t again = 0;
    for (uint32_t i = 0; i < KEPT; i++) {
        int64_t rref = core_rref_alloc(PAGE, 0);
        if (rref < 0)
            break;
        kept[i] = (rref_t)rref;
        for (uint32_t place = 0; place < PAGE / 8; place++)
            ((volatile uint64_t *)(uintptr_t)rref)[place] = SECRET;
        for (uint32_t k = 0; k < GIVEN; k++)
            again += place_given[k] == (uint32_t)rref;
    }
    return again;
}

int64_t domain_attach(void)
{
    int64_t status = give_and_take();
    if (status < 0)
        return status;
    log_printf("vault: %u of %u places hold secrets", secrets_make(), GIVEN);
    empty_nothing(HANDLE_SPY);
    int64_t other = core_rref_alloc(64, 0); // what is lent it may read
    RpcResult looked = empty_look(HANDLE_SPY, (rref_t)other);
    log_printf("vault: the direct look ended with %ld", looked.status);
    return 0;
}

// Nobody calls it: what starts a service is its interface.