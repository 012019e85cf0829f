// SPDX-License-Identifier: MIT
#include "attack.h"
#include "domain.h"
#include "empty_server.h"

rref_t attack_answer;
int64_t (*attack_nested)(void);
uint32_t attack_running;

// The row of the table that the attack is in, NULL behind the last one; *number becomes its own in
// it.
static const struct attack *attack_find(uint32_t *number)
{
    for (uint32_t row = 0; row < attack_count; row++) {
        if (*number < attacks[row].times)
            return &attacks[row];
        *number -= attacks[row].times;
    }
    return NULL;
}

static uint8_t attack_run(rref_t lent, uint32_t number)
{
    attack_running = number;
    const struct attack *attack = attack_find(&number);
    if (!attack)
        return 'z';
    int64_t got = attack->run(lent, number);
    if (got)
        log_printf("ESCAPE: %s: got %lx", attack->name, (unsigned long)got);
    return got ? 'E' : '.';
}

RpcResult empty_do_read(rref_t buffer, uint32_t start, uint32_t length)
{
    if (!length)
        return rpc_ok(0);
    uint8_t answer = attack_run(buffer, length - 1);
    int64_t status = core_rref_fill(buffer, start, answer, length);
    return status < 0 ? rpc_error(status) : rpc_ok(length);
}

RpcResult empty_do_nothing(void)
{
    return attack_nested ? rpc_ok((uint64_t)attack_nested()) : rpc_ok(0);
}

RpcResult empty_do_pass(rref_t buffer)
{
    return rpc_ok(attack_answer ? attack_answer : buffer);
}
