// SPDX-License-Identifier: MIT
// newlib's stdio.h, with the POSIX names of two functions that it has under its own.
#pragma once

#include_next <stdio.h>

#define getline  __getline
#define getdelim __getdelim
