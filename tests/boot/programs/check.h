// SPDX-License-Identifier: MIT
// How a program of one file and one thread checks: a line for each check that fails, and how many
// did.
#pragma once
#include <errno.h>
#include <stdio.h>

static int failures;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("line %d: %s (errno %d)\n", __LINE__, #condition, errno);                       \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

#define FAILS(expression, error) CHECK((errno = 0, (expression)) == -1 && errno == (error))
