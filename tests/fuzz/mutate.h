// SPDX-License-Identifier: MIT
// Mutations of instruction words, as they happen to code by mistake and by malice, from a seed that
// makes them again.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Begins a sequence of random numbers.
void mutate_seed(uint64_t seed);
uint64_t mutate_random(void);
// A random number below LIMIT, which is not 0.
size_t mutate_below(size_t limit);

// Changes the word at PLACE of COUNT, or it and some that follow: a bit or a register flipped, the
// instruction replaced, copied, swapped with its neighbour, or deleted with what follows moved up.
// Returns how many words from PLACE on may have changed.
size_t mutate_place(uint32_t *words, size_t count, size_t place);
