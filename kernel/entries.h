// SPDX-License-Identifier: MIT
// The gate page: what each of its 512 words points to.
#pragma once
#include <stdint.h>

#define GATE_WORDS 512

// Mapped read-only at the start of every slot and behind the last; filled in by gate_page_init.
extern uint64_t gate_page[GATE_WORDS];
void gate_page_init(void);

// Function of each entry, 0: none (gate.S).
extern const uint64_t core_entry_functions[128];
