// SPDX-License-Identifier: MIT
// Calls to the firmware (RISC-V Supervisor Binary Interface 1.0). Each is an `ecall` that costs a
// trap to M-mode and back. Hart masks name hart ids 0..63. Any context.
#pragma once
#include <stdint.h>

struct sbi_result {
    int64_t error; // 0, or a negative SBI error
    int64_t value;
};

enum sbi_extension {
    SBI_CONSOLE_PUTCHAR = 0x01, // legacy
    SBI_BASE = 0x10,
    SBI_TIME = 0x54494D45,
    SBI_IPI = 0x735049,
    SBI_HART = 0x48534D,
    SBI_RESET = 0x53525354,
};

static inline struct sbi_result sbi_call(enum sbi_extension extension, uint64_t function,
                                         uint64_t first, uint64_t second, uint64_t third,
                                         uint64_t fourth)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a2 __asm__("a2") = third;
    register uint64_t a3 __asm__("a3") = fourth;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
    return (struct sbi_result){(int64_t)a0, (int64_t)a1};
}

static inline void sbi_console_putchar(char byte)
{
    sbi_call(SBI_CONSOLE_PUTCHAR, 0, (uint8_t)byte, 0, 0, 0);
}

// The firmware's name and version: implementation 1 is OpenSBI, version major << 16 | minor.
static inline int64_t sbi_implementation(void)
{
    return sbi_call(SBI_BASE, 1, 0, 0, 0, 0).value;
}

static inline int64_t sbi_implementation_version(void)
{
    return sbi_call(SBI_BASE, 2, 0, 0, 0, 0).value;
}

static inline void sbi_set_timer(uint64_t ticks)
{
    sbi_call(SBI_TIME, 0, ticks, 0, 0, 0);
}

static inline void sbi_interrupt(uint64_t hart_mask)
{
    sbi_call(SBI_IPI, 0, hart_mask, 0, 0, 0);
}

// The hart starts at the physical address ENTRY in S-mode, satp 0, a0 = id, a1 = argument.
static inline int64_t sbi_hart_start(uint64_t id, uint64_t entry, uint64_t argument)
{
    return sbi_call(SBI_HART, 0, id, entry, argument, 0).error;
}

static inline void sbi_shutdown(uint64_t failure)
{
    sbi_call(SBI_RESET, 0, 0, failure, 0, 0);
}
