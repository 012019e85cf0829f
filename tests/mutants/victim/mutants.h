// SPDX-License-Identifier: MIT
// What generate.c writes into an image and victim.c reads.
#pragma once
#include <stdint.h>

#define FUNCTIONS_MAX 512
#define MUTANTS_MAX   4096
#define HEAP_BYTES    (768u << 10)
#define STUB_WORDS    5 // nops at the beginning of each function

struct mutant {
    uint32_t function; // index of the original
    uint32_t entry;    // slot offset of the mutated copy
    uint32_t work;     // the case that passes the changed instructions
    uint32_t reserved;
};

// tables.c, but what they hold is generate.c's.
extern const uint32_t mutant_functions[FUNCTIONS_MAX]; // slot offsets of the originals
extern const struct mutant mutants[MUTANTS_MAX];
extern const uint32_t mutant_count;
extern const uint32_t trace_case; // for the run that finds out what each case passes
