// SPDX-License-Identifier: MIT
// Between kernel/space.c and kernel/space_page.c only.
#pragma once
#include "kernel/space.h"

// The region of an address; NULL: none. Under LOCK_SPACE.
struct region *region_find(const struct space *space, uint64_t address);
// Bits of a leaf entry for PROTECTION_* bits.
uint64_t page_rights(uint32_t protection);
