// SPDX-License-Identifier: MIT
// The reaper: a core task that reports faults and takes back what dead instances held.
#pragma once

void reclaim_start(void);   // boot
void reclaim_request(void); // an instance has died; any context
