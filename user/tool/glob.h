// SPDX-License-Identifier: MIT
// Patterns of names, as shells have them: * ? [set] [!set] and \ before a letter that is meant.
#pragma once

#include <stdbool.h>

/* True if the pattern describes the whole name. */
bool glob_match(const char *pattern, const char *name, bool fold_case);
