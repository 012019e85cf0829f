// SPDX-License-Identifier: MIT
// Walks over the 4 KiB leaves of a page table.
#pragma once
#include "microcore/layout.h"
#include "microcore/pagetable.h"

// Calls VISIT for each valid entry in [start, end); it may change the entry. Stops at the first
// result other than 0 and returns it. The caller holds the lock of the table.
int leaves_visit(pagetable_t root, uint64_t start, uint64_t end,
                 int (*visit)(void *context, uint64_t address, uint64_t *entry), void *context);
