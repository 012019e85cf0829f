// SPDX-License-Identifier: MIT
// Seeded bugs of the kinds of MINIX 3's swifi (and of Ng and Chen, "The Systematic Improvement of
// Fault Tolerance in the Rio File Cache", 1999), put into the machine code of a driver: one word of
// its text is changed. What comes of it has to pass the verifier like any other image.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MUTATIONS(MUTATION)                                                                        \
    MUTATION(operand)  /* another register or constant in an operation */                          \
    MUTATION(drop)     /* an instruction left out */                                               \
    MUTATION(branch)   /* a condition turned round */                                              \
    MUTATION(pointer)  /* an access through another register, or at another offset */              \
    MUTATION(loop)     /* once more or once less */                                                \
    MUTATION(stack)    /* a frame of another size, or an access beyond it */                       \
    MUTATION(argument) /* a wrong argument to a call, or a call of another core entry */

enum mutation {
#define MUTATION(name) MUTATION_##name,
    MUTATIONS(MUTATION)
#undef MUTATION
        MUTATION_COUNT
};

/* Changes one of the COUNT words as RANDOM says. Returns which, and the old word in *old; -1: the
   kind finds no place in them. */
long mutate(uint32_t *words, uint32_t count, enum mutation kind, uint64_t random, uint32_t *old);
