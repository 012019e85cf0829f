// SPDX-License-Identifier: MIT
// Wall time: nanoseconds since 1970-01-01 00:00 UTC. The service `rtc` tells once when the system
// was booted, and wall time is the time since boot (core_time) and that: the same in all domains,
// without steps, and without a call. Where nobody has told, it begins at boot.
#pragma once
#include <stdint.h>
#include "kernel/abi/rpc.h"

// Asks the service behind RTC, unless it is known or nobody serves there. Hold no mutex. When: in
// domain_attach, and before time is told as long as it is not known.
void wall_learn(handle_t rtc);

// The same for who has memory that outlives it: what is known is written to *KEPT, and taken from
// there by the next instance, for which the clock may be gone.
void wall_learn_kept(handle_t rtc, uint64_t *kept);

// Nanoseconds from 1970 to boot; 0: not known.
uint64_t wall_boot(void);

// What an earlier instance knew; 0: nothing.
void wall_restore(uint64_t boot);

// Nanoseconds since 1970, or since boot. Any thread.
uint64_t wall_time(void);
