// SPDX-License-Identifier: MIT
// Who runs here: stacks are a function of thread and depth (kernel/abi/layout.h), so the stack
// pointer tells both, and masking it finds the stack's top without any table.
#pragma once
#include <stdint.h>
#include "kernel/abi/layout.h"

static inline uint64_t stack_pointer(void)
{
    uint64_t sp;
    __asm__ volatile("mv %0, sp" : "=r"(sp));
    return sp;
}

// Number of the running thread, below STACK_THREADS; the same in all domains that it passes.
static inline uint32_t thread_number(void)
{
    uint64_t offset = (uint32_t)stack_pointer() - SLOT_STACKS;
    return (uint32_t)(offset / (STACK_DEPTHS * STACK_STRIDE)) % STACK_THREADS;
}

// The STACK_RESERVED bytes at the top of the running stack; zero when the stack is new.
static inline void *thread_reserved(void)
{
    uint64_t top = (stack_pointer() | (STACK_STRIDE - 1)) + 1;
    return (void *)(uintptr_t)(top - STACK_RESERVED);
}
