// SPDX-License-Identifier: MIT
// A domain that only has memory: pages of data, of heap, and RRefs, each word of which holds its
// own offset in the slot. The host looks at them from outside (witness.py) while others attack; in
// the end the canary looks itself, as it sees them.
#include "domain.h"
#include "empty_server.h"

#define CANARY     0xCA9A000000000000u
#define PAGE       4096
#define DATA_PAGES 8
#define HEAP_PAGES 8
#define BUFFERS    6

static uint64_t data[DATA_PAGES * PAGE / 8] __attribute__((aligned(PAGE)));
static uint64_t *heap;
static rref_t buffers[BUFFERS];

static const uint32_t buffer_pages[BUFFERS] = {1, 1, 1, 2, 3, 4};

static void fill(volatile uint64_t *memory, uint64_t pages)
{
    for (uint64_t i = 0; i < pages * PAGE / 8; i++)
        memory[i] = CANARY | (uint32_t)(uintptr_t)&memory[i];
}

static uint64_t count_wrong(const volatile uint64_t *memory, uint64_t pages)
{
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < pages * PAGE / 8; i++)
        wrong += memory[i] != (CANARY | (uint32_t)(uintptr_t)&memory[i]);
    return wrong;
}

int64_t domain_attach(void)
{
    int64_t grown = core_heap_grow(HEAP_PAGES * PAGE);
    if (grown < 0)
        return grown;
    heap = (uint64_t *)(uintptr_t)grown;
    fill(data, DATA_PAGES);
    fill(heap, HEAP_PAGES);
    for (uint32_t i = 0; i < BUFFERS; i++) {
        int64_t made = core_rref_alloc(buffer_pages[i] * PAGE, 0);
        if (made < 0)
            return made;
        buffers[i] = (rref_t)made;
        fill((uint64_t *)(uintptr_t)made, buffer_pages[i]);
    }
    return 0;
}

// Says how many words are not as they were written, and RRefs no longer its own.
int64_t domain_exit(void)
{
    uint64_t wrong = count_wrong(data, DATA_PAGES) + count_wrong(heap, HEAP_PAGES);
    for (uint32_t i = 0; i < BUFFERS; i++) {
        if (core_rref_length(buffers[i]) != buffer_pages[i] * PAGE)
            wrong++;
        wrong += count_wrong((uint64_t *)(uintptr_t)buffers[i], buffer_pages[i]);
    }
    log_printf("%lu wrong", wrong);
    return 0;
}
