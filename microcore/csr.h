// SPDX-License-Identifier: MIT
// Control and status registers of S-mode (privileged spec 4.1).
#pragma once
#include <stdint.h>

#define SSTATUS_SIE      0x2u    // interrupts on
#define SSTATUS_SPIE     0x20u   // interrupts were on before the trap
#define SSTATUS_SPP      0x100u  // the trap came from core mode
#define SSTATUS_FS       0x6000u // state of the f registers
#define SSTATUS_FS_CLEAN 0x4000u
#define SSTATUS_FS_DIRTY 0x6000u

#define INTERRUPT_SOFTWARE 1 // bits of sie and sip, causes of a trap
#define INTERRUPT_TIMER    5
#define INTERRUPT_EXTERNAL 9
#define CAUSE_INTERRUPT    (1ul << 63)

#define SCOUNTEREN_TM 2u // user mode may read the time

#define SATP_SV39 (8ul << 60)

#define csr_read(name)                                                                             \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("csrr %0, " #name : "=r"(value_)::"memory");                              \
        value_;                                                                                    \
    })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" ::"rK"(value) : "memory")
#define csr_set(name, bits)    __asm__ volatile("csrs " #name ", %0" ::"rK"(bits) : "memory")
#define csr_clear(name, bits)  __asm__ volatile("csrc " #name ", %0" ::"rK"(bits) : "memory")
