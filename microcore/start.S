// SPDX-License-Identifier: MIT
// The first instructions of each hart: from physical addresses without paging into the core image.
#include "microcore/layout.h"
#include "offsets.h"

#define PTE_POINTER 0x01
#define PTE_DATA    0xE7 // valid, read, write, global, accessed, dirty
#define PTE_ALL     0xEF // and execute: for the boot only
#define IMAGE_BLOCKS 16  // of 2 MiB: what the core image may have

    .section .text.start, "ax"

// Boot hart. State: a0 = hart id, a1 = device tree (physical), pc = physical address of the image,
// paging and interrupts off; the firmware has stopped all other harts.
    .globl _start
_start:
    csrw    sie, zero
    la      t0, boot_taken
    li      t1, 1
    amoswap.w.aqrl t1, t1, (t0)
    bnez    t1, secondary_start         // see there
    la      t0, core_bss_start
    la      t1, core_bss_end
1:  sd      zero, 0(t0)
    sd      zero, 8(t0)
    sd      zero, 16(t0)
    sd      zero, 24(t0)
    sd      zero, 32(t0)
    sd      zero, 40(t0)
    sd      zero, 48(t0)
    sd      zero, 56(t0)
    addi    t0, t0, 64
    bltu    t0, t1, 1b

    // The boot's page table: the GiB of the image as it is, all RAM at DIRECT_MAP, the core image.
    la      s0, boot_root
    la      s2, _start
    srli    t0, s2, 30
    slli    t1, t0, 28                  // page number << 10
    ori     t1, t1, PTE_ALL
    slli    t0, t0, 3
    add     t0, t0, s0
    sd      t1, 0(t0)

    li      t0, 0
    li      t1, DIRECT_MAP_SIZE >> 30
    li      t2, 2048
    add     t2, t2, s0                  // entry 256
2:  slli    t3, t0, 28
    ori     t3, t3, PTE_DATA
    sd      t3, 0(t2)
    addi    t2, t2, 8
    addi    t0, t0, 1
    bltu    t0, t1, 2b

    la      s1, boot_image_table
    srli    t0, s1, 2
    ori     t0, t0, PTE_POINTER
    li      t1, 510 * 8                 // entry of CORE_IMAGE
    add     t1, t1, s0
    sd      t0, 0(t1)
    srli    t0, s2, 2
    ori     t0, t0, PTE_ALL
    li      t1, IMAGE_BLOCKS
    li      t2, 1 << 19                 // 2 MiB, as a page number << 10
3:  sd      t0, 0(s1)
    add     t0, t0, t2
    addi    s1, s1, 8
    addi    t1, t1, -1
    bnez    t1, 3b

    call    paging_enable
    la      tp, idle_tasks
    la      sp, idle_stacks + 4096 + 16384
    csrw    sscratch, tp
    mv      a2, s2                      // physical address of the image
    li      fp, 0
    call    boot_start

// Another hart. State: a0 = hart id, else as above. OpenSBI 1.1 tells a hart to start before it says
// where: one that is just looking comes to _start, as if it were the boot hart.
    .globl secondary_start
secondary_start:
    csrw    sie, zero
    call    paging_enable
    li      a1, 0                       // its index
    la      t0, harts
4:  lwu     t1, HART_ID(t0)
    beq     t1, a0, 5f
    addi    a1, a1, 1
    addi    t0, t0, HART_SIZE
    j       4b
5:
    la      t0, core_satp
    ld      t0, 0(t0)
    csrw    satp, t0
    sfence.vma
    li      t0, TASK_SIZE
    mul     t0, t0, a1
    la      tp, idle_tasks
    add     tp, tp, t0
    ld      sp, TASK_CORE_STACK_HIGH(tp)
    csrw    sscratch, tp
    mv      a0, a1
    li      fp, 0
    call    hart_started

// Turns paging on with the boot's table, and returns to the caller in the core image.
// Changes t0..t3, ra.
paging_enable:
    la      t0, boot_root
    srli    t0, t0, 12
    li      t1, 8 << 60                 // Sv39
    or      t0, t0, t1
    la      t2, _start
    li      t3, CORE_IMAGE
    sub     t3, t3, t2                  // from physical to virtual
    add     ra, ra, t3
    la      t1, trap_entry
    add     t1, t1, t3
    csrw    stvec, t1
    sfence.vma
    csrw    satp, t0
    sfence.vma
    ret

    .section .data
    .balign 4
boot_taken:
    .word   0

    .section .bss
    .balign 4096
boot_root:
    .space  4096
boot_image_table:
    .space  4096
