// SPDX-License-Identifier: MIT
// The words of the kernel's command line, and the instructions that QEMU counted.
#pragma once

#include <stdbool.h>

/* True if the word stands on the kernel's command line, alone or as WORD=1. */
bool kernel_word_is_set(const char *word);

/* Instructions executed so far on all harts, less those of idle loops; -1 where nobody counts. */
long kernel_instructions(void);
