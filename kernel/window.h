// SPDX-License-Identifier: MIT
// Windows: the user pages behind an RRef without an address, pinned until it is freed.
#pragma once
#include "kernel/registry.h"

void window_unpin(struct rref *record);
