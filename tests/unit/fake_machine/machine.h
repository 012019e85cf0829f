// SPDX-License-Identifier: MIT
// What the registry of RRefs and the shared heap need of the core, on the host: locks that lock, a
// page allocator that counts, page tables that remember what is mapped, slots as plain memory.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/domain.h"

#define MACHINE_SLOTS 6

void machine_reset(void);
uint64_t machine_pages_used(void);  // frames that are allocated
uint64_t machine_fences(void);      // fence_all so far
void machine_pages_limit(uint64_t); // page_alloc fails past that many

// Instance number N (0 .. MACHINE_SLOTS - 1), with id N + 1 and generous limits, in slot N.
struct domain *machine_domain(uint32_t n);
// Is the shared-heap page at OFFSET mapped in that domain's slot?
bool machine_maps(uint32_t n, uint64_t offset);
// A domain touches an address: true if it may. As slot_resolve does on a fault.
bool machine_touch(uint32_t n, uint64_t offset);
