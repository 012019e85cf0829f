// SPDX-License-Identifier: MIT
// Reading the clock without a system call.
#pragma once

// Takes what the clock needs from the auxiliary vector. At program start.
void clock_find(const unsigned long *auxiliary);
