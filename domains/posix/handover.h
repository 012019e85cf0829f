// SPDX-License-Identifier: MIT
// Update: everything that this instance knows of processes goes to the next one. Nobody is inside
// and the own threads have stopped, so no lock is taken and no wait queue has anybody in it.
#pragma once
#include <stdbool.h>
#include <stdint.h>

bool handover_was_imported(void);

// What an import left to be done when nobody waits any more.
void handover_settle(void);

// How often posix has been replaced since boot, as far as images of schema 11 were there.
uint32_t handover_updates(void);
