// SPDX-License-Identifier: MIT
// The only routines with which the core touches memory that may fault (slots, shared heap). A fault
// inside them, found through the exception table, ends the copy instead of panicking.
// Interrupts stay as they are; no lock may be held that the fault handler would take.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Each returns the number of bytes NOT copied (0: all), so that a caller can resolve the page and
// go on.
size_t copy_bytes(void *destination, const void *source, size_t bytes);
size_t fill_bytes(void *destination, int byte, size_t bytes);
// 0 equal, 1 different, 2 fault
int compare_bytes(const void *left, const void *right, size_t bytes);
// Copies up to and including a NUL byte; returns the length without it, `bytes` when there is none,
// SIZE_MAX after a fault.
size_t copy_string(char *destination, const char *source, size_t bytes);
