// SPDX-License-Identifier: MIT
// Pieces of work that real code does; each gives a number that tells whether it did it right.
#pragma once
#include <stdint.h>

#define CASES 20

// What the cases have in common is made once: the fresh state that each begins with.
void cases_prepare(void);
uint64_t case_run(uint32_t number);

// case_zlib.c, case_ramfs.c
uint64_t case_zlib(const uint8_t *bytes, uint32_t length);
uint64_t case_ramfs(const uint8_t *bytes, uint32_t length);
