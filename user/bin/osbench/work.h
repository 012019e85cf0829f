// SPDX-License-Identifier: MIT
// What osbench measures: the operations, each with what it needs before and after.
#pragma once

#include <stddef.h>

struct work {
    const char *name, *meaning;
    int batches;           /* the median is taken of these */
    int rounds;            /* operations in one batch */
    void (*prepare)(void); /* NULL: nothing to prepare */
    void (*once)(void);    /* the operation; ends the program where it fails */
    void (*finish)(void);  /* NULL: nothing to undo */
};

extern const struct work works[];
extern const size_t work_count;
