// SPDX-License-Identifier: MIT
// Lines in the kernel log (`dmesg`). Any thread; costs a formatted print, so not on hot paths.
#pragma once

#define LOG_LINE_SIZE 256 // longer lines are cut

void log_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
