// SPDX-License-Identifier: MIT
// What gcc calls for float (sf) and double (df) where there are no registers for them. Nobody else
// needs these names; soft_float.c tells what they promise.
#pragma once
#include <stdint.h>

#define SOFT_FLOAT(letters, word)                                                                  \
    word __add##letters##3(word a, word b);                                                        \
    word __sub##letters##3(word a, word b);                                                        \
    word __mul##letters##3(word a, word b);                                                        \
    word __div##letters##3(word a, word b);                                                        \
    int __eq##letters##2(word a, word b);                                                          \
    int __ne##letters##2(word a, word b);                                                          \
    int __lt##letters##2(word a, word b);                                                          \
    int __le##letters##2(word a, word b);                                                          \
    int __gt##letters##2(word a, word b);                                                          \
    int __ge##letters##2(word a, word b);                                                          \
    int __unord##letters##2(word a, word b);                                                       \
    int32_t __fix##letters##si(word a);                                                            \
    int64_t __fix##letters##di(word a);                                                            \
    uint32_t __fixuns##letters##si(word a);                                                        \
    uint64_t __fixuns##letters##di(word a);                                                        \
    word __floatsi##letters(int32_t a);                                                            \
    word __floatdi##letters(int64_t a);                                                            \
    word __floatunsi##letters(uint32_t a);                                                         \
    word __floatundi##letters(uint64_t a);

SOFT_FLOAT(sf, uint32_t)
SOFT_FLOAT(df, uint64_t)
#undef SOFT_FLOAT

uint64_t __extendsfdf2(uint32_t a);
uint32_t __truncdfsf2(uint64_t a);
