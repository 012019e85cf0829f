// SPDX-License-Identifier: MIT
// One of six domains that pass buffers round, each to the next. Every domain checks each buffer
// that it gets, changes it, and hands it on; every few it frees one and sends a new one of another
// size in its place, so that pages are recycled all the time. A domain that has handed a buffer on,
// or freed it, tries to reach it through the core, which must refuse.
//
// The first one puts the buffers in. When each has made its number of steps it is taken out where
// it is, and every domain says how many went through its hands and how many were wrong.
#include "domain.h"
#include "empty_client.h"
#include "empty_server.h"

#define TOKENS  24
#define STEPS   400 // that a token makes
#define WAITING 64  // at most, in one domain
#define RECYCLE 4   // every so many a token is freed and made anew

struct token {
    uint32_t serial, step, words, sum;
    uint32_t word[];
};

static struct {
    struct mutex mutex;
    rref_t waiting[WAITING];
    uint32_t head, tail; // both only grow
    uint64_t passed, recycled, wrong, reached, ended;
} ring;

static struct worker worker;

static const uint32_t sizes[] = {64, 700, 2048, 4096, 9000, 40000};

static uint32_t word_at(uint32_t serial, uint32_t step, uint32_t place)
{
    return (serial * 2654435761u + step * 40503u + place) * 2246822519u;
}

static void token_fill(struct token *token, uint32_t serial, uint32_t step, uint32_t bytes)
{
    token->serial = serial;
    token->step = step;
    token->words = (bytes - (uint32_t)sizeof *token) / 4;
    for (uint32_t i = 0; i < token->words; i++)
        token->word[i] = word_at(serial, step, i);
}

static bool token_is_right(const struct token *token, uint32_t bytes)
{
    if (token->words != (bytes - sizeof *token) / 4)
        return false;
    for (uint32_t i = 0; i < token->words; i++)
        if (token->word[i] != word_at(token->serial, token->step, i))
            return false;
    return true;
}

// Whether the core still lets us read what is no longer ours.
static bool token_is_reached(rref_t rref)
{
    uint32_t word;
    return core_rref_read(rref, 0, &word, sizeof word) >= 0;
}

static rref_t token_make(uint32_t serial, uint32_t step)
{
    uint32_t bytes = sizes[(serial + step) % (sizeof sizes / sizeof *sizes)];
    int64_t rref = core_rref_alloc(bytes, 0);
    if (rref < 0)
        core_abort();
    token_fill((struct token *)(uintptr_t)rref, serial, step, bytes);
    return (rref_t)rref;
}

// Takes the token, answers with a receipt: the two are in flight both ways at once.
RpcResult empty_do_pass(rref_t buffer)
{
    mutex_lock(&ring.mutex);
    ring.waiting[ring.head++ % WAITING] = buffer;
    mutex_unlock(&ring.mutex);
    worker_wake(&worker);
    int64_t receipt = core_rref_alloc(64, 0);
    return receipt < 0 ? rpc_error(receipt) : rpc_ok((rref_t)receipt);
}

static rref_t token_take(void)
{
    mutex_lock(&ring.mutex);
    rref_t rref = ring.head == ring.tail ? 0 : ring.waiting[ring.tail++ % WAITING];
    mutex_unlock(&ring.mutex);
    return rref;
}

// Frees a token; from then on nobody may reach it by this name.
static void token_free(rref_t rref)
{
    if (core_rref_free(rref) != 0)
        ring.wrong++;
    ring.reached += token_is_reached(rref);
}

static bool token_is_waiting(rref_t rref)
{
    bool found = false;
    mutex_lock(&ring.mutex);
    for (uint32_t i = ring.tail; i != ring.head; i++)
        found |= ring.waiting[i % WAITING] == rref;
    mutex_unlock(&ring.mutex);
    return found;
}

// After a hand-over: the token can be reached again only if it has come round, and then it waits
// here, or will as soon as the call that brings it has got to that.
static bool token_is_kept(rref_t rref)
{
    uint64_t end = core_time() + 1000000000;
    if (!token_is_reached(rref))
        return false;
    while (!token_is_waiting(rref)) {
        if (core_time() > end)
            return true;
        core_yield();
    }
    return false;
}

static void token_pass(rref_t rref)
{
    RpcResult result = empty_pass(HANDLE_NEXT, rref);
    if (result.status < 0) {
        log_printf("ring: a hand-over failed with %ld", result.status);
        ring.wrong++;
        token_free(rref);
        return;
    }
    if (core_rref_free(result.value) != 0)
        ring.wrong++;
    ring.reached += token_is_kept(rref);
    ring.passed++;
}

static void token_serve(rref_t rref)
{
    struct token *token = (struct token *)(uintptr_t)rref;
    uint32_t bytes = (uint32_t)core_rref_length(rref);
    if (!token_is_right(token, bytes)) {
        log_printf("ring: token %u is wrong at step %u", token->serial, token->step);
        ring.wrong++;
    }
    uint32_t serial = token->serial, step = token->step + 1;
    if (step >= STEPS) {
        token_free(rref);
        ring.ended++;
        return;
    }
    if ((serial + step) % RECYCLE == 0) {
        token_free(rref);
        rref = token_make(serial, step);
        ring.recycled++;
    } else {
        token_fill(token, serial, step, bytes);
    }
    token_pass(rref);
}

static void ring_start(void)
{
    while (core_handle_status(HANDLE_NEXT) != 1)
        core_yield();
    for (uint32_t serial = 0; serial < TOKENS; serial++)
        token_pass(token_make(serial, 0));
}

// Says what went through, a while after the last of it.
static void ring_report(void)
{
    static uint64_t told;
    if (told == ring.passed + ring.ended)
        return;
    told = ring.passed + ring.ended;
    log_printf("ring: passed %lu, recycled %lu, ended %lu, wrong %lu, reached %lu", ring.passed,
               ring.recycled, ring.ended, ring.wrong, ring.reached);
}

static void serve(struct worker *self)
{
    struct wait_item items[1];
    if (PARAMETER_FIRST)
        ring_start();
    while (worker_wait(self, items, 0, core_time() + 500000000)) {
        uint64_t before = ring.passed + ring.ended;
        for (rref_t rref = token_take(); rref; rref = token_take())
            token_serve(rref);
        if (before == ring.passed + ring.ended)
            ring_report();
    }
}

int64_t domain_attach(void)
{
    return worker_start(&worker, serve);
}
