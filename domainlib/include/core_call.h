// SPDX-License-Identifier: MIT
// How C enters the core: load a word of the gate page, jump to it. The core keeps gp, sp, tp and
// the callee-saved registers; everything else is lost. Only core.h uses what is here.
#pragma once
#include <stdint.h>
#include "kernel/abi/core_entry.h"

enum core_entry {
#define CORE_ENTRY_CONSTANT(number, name) ENTRY_##name = (number),
    CORE_ENTRIES(CORE_ENTRY_CONSTANT)
#undef CORE_ENTRY_CONSTANT
};

// What an entry may change beside a0. Arguments in a1.. are tied as "+r" by each function below.
#define CORE_CLOBBERS "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "memory"
#define CORE_JUMP     "ld s9, %[word](gp)\n\tjalr ra, 0(s9)"
#define CORE_INLINE   static inline __attribute__((always_inline))

CORE_INLINE int64_t core_call0(enum core_entry entry)
{
    register int64_t result __asm__("a0");
    __asm__ volatile(CORE_JUMP
                     : "=r"(result)
                     : [word] "i"(8 * entry)
                     : CORE_CLOBBERS, "a1", "a2", "a3", "a4", "a5", "a6", "a7");
    return result;
}

CORE_INLINE int64_t core_call1(enum core_entry entry, uint64_t first)
{
    register uint64_t a0 __asm__("a0") = first;
    __asm__ volatile(CORE_JUMP
                     : "+r"(a0)
                     : [word] "i"(8 * entry)
                     : CORE_CLOBBERS, "a1", "a2", "a3", "a4", "a5", "a6", "a7");
    return (int64_t)a0;
}

CORE_INLINE int64_t core_call2(enum core_entry entry, uint64_t first, uint64_t second)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    __asm__ volatile(CORE_JUMP
                     : "+r"(a0), "+r"(a1)
                     : [word] "i"(8 * entry)
                     : CORE_CLOBBERS, "a2", "a3", "a4", "a5", "a6", "a7");
    return (int64_t)a0;
}

// Of an entry that returns a status and a value.
CORE_INLINE RpcResult core_call2_value(enum core_entry entry, uint64_t first, uint64_t second)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    __asm__ volatile(CORE_JUMP
                     : "+r"(a0), "+r"(a1)
                     : [word] "i"(8 * entry)
                     : CORE_CLOBBERS, "a2", "a3", "a4", "a5", "a6", "a7");
    return (RpcResult){(int64_t)a0, a1};
}

CORE_INLINE int64_t core_call3(enum core_entry entry, uint64_t first, uint64_t second,
                               uint64_t third)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a2 __asm__("a2") = third;
    __asm__ volatile(CORE_JUMP
                     : "+r"(a0), "+r"(a1), "+r"(a2)
                     : [word] "i"(8 * entry)
                     : CORE_CLOBBERS, "a3", "a4", "a5", "a6", "a7");
    return (int64_t)a0;
}

CORE_INLINE int64_t core_call4(enum core_entry entry, uint64_t first, uint64_t second,
                               uint64_t third, uint64_t fourth)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a2 __asm__("a2") = third;
    register uint64_t a3 __asm__("a3") = fourth;
    __asm__ volatile(CORE_JUMP
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3)
                     : [word] "i"(8 * entry)
                     : CORE_CLOBBERS, "a4", "a5", "a6", "a7");
    return (int64_t)a0;
}

CORE_INLINE int64_t core_call5(enum core_entry entry, uint64_t first, uint64_t second,
                               uint64_t third, uint64_t fourth, uint64_t fifth)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a2 __asm__("a2") = third;
    register uint64_t a3 __asm__("a3") = fourth;
    register uint64_t a4 __asm__("a4") = fifth;
    __asm__ volatile(CORE_JUMP
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4)
                     : [word] "i"(8 * entry)
                     : CORE_CLOBBERS, "a5", "a6", "a7");
    return (int64_t)a0;
}

CORE_INLINE int64_t core_call8(enum core_entry entry, uint64_t first, uint64_t second,
                               uint64_t third, uint64_t fourth, uint64_t fifth, uint64_t sixth,
                               uint64_t seventh, uint64_t eighth)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a2 __asm__("a2") = third;
    register uint64_t a3 __asm__("a3") = fourth;
    register uint64_t a4 __asm__("a4") = fifth;
    register uint64_t a5 __asm__("a5") = sixth;
    register uint64_t a6 __asm__("a6") = seventh;
    register uint64_t a7 __asm__("a7") = eighth;
    __asm__ volatile(CORE_JUMP
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(a7)
                     : [word] "i"(8 * entry)
                     : CORE_CLOBBERS);
    return (int64_t)a0;
}

// A pointer as an argument: the core takes its low 32 bits.
CORE_INLINE uint64_t core_pointer(const volatile void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}
