// SPDX-License-Identifier: MIT
#include "kernel/leaves.h"

int leaves_visit(pagetable_t root, uint64_t start, uint64_t end,
                 int (*visit)(void *context, uint64_t address, uint64_t *entry), void *context)
{
    for (uint64_t address = start; address < end;) {
        int level;
        uint64_t *entry = pagetable_walk(root, address, &level);
        uint64_t size = (uint64_t)PAGE_SIZE << 9 * level; // of what has no table further down
        if (level == 0 && (*entry & PTE_VALID)) {
            int result = visit(context, address, entry);
            if (result)
                return result;
        }
        address = (address / size + 1) * size;
    }
    return 0;
}
