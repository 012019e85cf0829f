// SPDX-License-Identifier: MIT
// In a file of their own, so that no compiler takes them for what they are here.
#include "mutants.h"

const uint32_t mutant_functions[FUNCTIONS_MAX] = {0};
const struct mutant mutants[MUTANTS_MAX] = {{0}};
const uint32_t mutant_count = 0;
const uint32_t trace_case = 0;
