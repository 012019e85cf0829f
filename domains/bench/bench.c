// SPDX-License-Identifier: MIT
#include "bench_server.h"
#include "measure.h"
#include <stdlib.h>

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static uint32_t batches_for(uint32_t rounds, uint32_t batch)
{
    uint32_t batches = rounds / batch;
    if (batches < BENCH_BATCHES && batch > 1)
        batches = BENCH_BATCHES;
    if (batches > BENCH_BATCHES_MAX)
        batches = BENCH_BATCHES_MAX;
    return batches ? batches : 1;
}

uint64_t median_of(uint64_t (*run)(void), uint32_t rounds, uint32_t batch)
{
    uint32_t batches = batches_for(rounds, batch);
    uint64_t *results = malloc(batches * sizeof *results);
    if (!results)
        return 0;
    run(); // caches, first touches
    for (uint32_t i = 0; i < batches; i++)
        results[i] = run();
    qsort(results, batches, sizeof *results, compare);
    uint64_t median = results[batches / 2];
    free(results);
    return median;
}

static RpcResult measure_kind(uint32_t kind, uint32_t rounds)
{
    switch (kind) {
    case BENCH_DIRECT:
    case BENCH_CALL:
    case BENCH_CALL_RREF:
    case BENCH_CALL_BORROW:
    case BENCH_SHADOW:
    case BENCH_SHADOW_RREF:
        return measure_call(kind, rounds);
    case BENCH_FAULT:
        return measure_fault(rounds);
    case BENCH_RESTART:
        return measure_restart(rounds);
    case BENCH_UPDATE_PAUSE:
        return measure_update(rounds);
    default:
        return rpc_error(-EINVAL);
    }
}

// One at a time: two measurements would disturb each other.
RpcResult bench_do_run(uint32_t kind, uint32_t rounds)
{
    static struct mutex busy;
    if (!mutex_trylock(&busy))
        return rpc_error(-EBUSY);
    RpcResult result = measure_kind(kind, rounds);
    mutex_unlock(&busy);
    return result;
}
