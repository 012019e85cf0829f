// SPDX-License-Identifier: MIT
#include "kernel/leaves.h"

#define TABLE_ENTRIES 512

// The valid entries of one table; ADDRESS is the first one's.
static int table_visit(uint64_t *first, uint64_t count, uint64_t address,
                       int (*visit)(void *context, uint64_t address, uint64_t *entry),
                       void *context)
{
    const uint64_t *end = first + count;
    for (uint64_t *entry = first; (entry = pte_next(entry, end)) < end; entry++) {
        int result = visit(context, address + (uint64_t)(entry - first) * PAGE_SIZE, entry);
        if (result)
            return result;
    }
    return 0;
}

int leaves_visit(pagetable_t root, uint64_t start, uint64_t end,
                 int (*visit)(void *context, uint64_t address, uint64_t *entry), void *context)
{
    for (uint64_t address = start; address < end;) {
        int level;
        uint64_t *entry = pagetable_walk(root, address, &level);
        uint64_t size = (uint64_t)PAGE_SIZE << 9 * level; // of what has no table further down
        uint64_t count = 1;
        if (level == 0) {
            uint64_t rest = TABLE_ENTRIES - address / PAGE_SIZE % TABLE_ENTRIES;
            count = (end - address + PAGE_SIZE - 1) / PAGE_SIZE;
            count = count < rest ? count : rest;
            int result = table_visit(entry, count, address, visit, context);
            if (result)
                return result;
        }
        address = (address / size + count) * size;
    }
    return 0;
}
