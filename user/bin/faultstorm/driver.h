// SPDX-License-Identifier: MIT
// The image of a driver as a file that is mutated in place: the same bytes but for one word.
#pragma once

#include <stdbool.h>
#include "mutate.h"

#define MUTANT_NAME "mutant"
#define MUTANT_FILE "/tmp/mutant.elf"

/* Writes the driver's image to MUTANT_FILE, named MUTANT_NAME and without a shadow (its first crash
   is to be seen). False (reported): it cannot be read, or is none. */
bool driver_open(const char *name);

/* Changes one word of the driver's own code, in the file too. False: the kind finds no place. */
bool driver_mutate(enum mutation kind, uint64_t random);
void driver_heal(void);
