// SPDX-License-Identifier: MIT
// What Bulkhead offers to user programs beyond Linux's system calls.
#pragma once

/* Powers the machine off; QEMU ends with `status` (0 = success). Only returns on failure: -1 and
   errno (ENOSYS on another kernel). */
int poweroff(int status);
