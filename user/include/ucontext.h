// SPDX-License-Identifier: MIT
// What a signal handler finds of the interrupted code, as Linux lays it out on riscv64
// (asm/ucontext.h, asm/sigcontext.h). There are no functions: no makecontext, no swapcontext.
#pragma once

#include <signal.h>

#define REG_PC 0 /* in __registers; the others by their numbers */
#define REG_RA 1
#define REG_SP 2
#define REG_TP 4
#define REG_S0 8
#define REG_A0 10

typedef struct {
    unsigned long __registers[32];
    unsigned long __floats[32];
    unsigned long __fcsr;
    char __room[264];
} __attribute__((aligned(16))) mcontext_t;

typedef struct ucontext {
    unsigned long uc_flags;
    struct ucontext *uc_link;
    stack_t uc_stack;
    sigset_t uc_sigmask;
    char __room[120];
    mcontext_t uc_mcontext;
} ucontext_t;
