// SPDX-License-Identifier: MIT
// Copying where a fault may come. Word loops go as far as they can; a fault in one goes on in the byte
// loop, which stops at the very byte, so that the count left is exact.
//
// The destination is aligned for the word loops. The source need not be: harts without misaligned
// loads have them emulated by the firmware.

// The instruction that follows may fault: it goes on at `fixup` then (microcore/trap.c).
    .macro  guarded fixup, instruction:vararg
9:  \instruction
    .pushsection .extable, "a"
    .dword  9b, \fixup
    .popsection
    .endm

// Eight words at AT.
    .macro  copy_words at
    guarded copy_rest, ld a3, \at + 0(a1)
    guarded copy_rest, ld a4, \at + 8(a1)
    guarded copy_rest, ld a5, \at + 16(a1)
    guarded copy_rest, ld a6, \at + 24(a1)
    guarded copy_rest, ld a7, \at + 32(a1)
    guarded copy_rest, ld t1, \at + 40(a1)
    guarded copy_rest, ld t2, \at + 48(a1)
    guarded copy_rest, ld t3, \at + 56(a1)
    guarded copy_rest, sd a3, \at + 0(a0)
    guarded copy_rest, sd a4, \at + 8(a0)
    guarded copy_rest, sd a5, \at + 16(a0)
    guarded copy_rest, sd a6, \at + 24(a0)
    guarded copy_rest, sd a7, \at + 32(a0)
    guarded copy_rest, sd t1, \at + 40(a0)
    guarded copy_rest, sd t2, \at + 48(a0)
    guarded copy_rest, sd t3, \at + 56(a0)
    .endm

    .text

// size_t copy_bytes(void *destination, const void *source, size_t bytes): bytes left
    .balign 64
    .globl copy_bytes
copy_bytes:
    li      t0, 64
    bltu    a2, t0, 5f
    neg     t1, a0
    andi    t1, t1, 7
    beqz    t1, 2f
    sub     a2, a2, t1
1:  guarded copy_align_fault, lbu t2, 0(a1)
    guarded copy_align_fault, sb t2, 0(a0)
    addi    a0, a0, 1
    addi    a1, a1, 1
    addi    t1, t1, -1
    bnez    t1, 1b
    bltu    a2, t0, 5f
2:  li      t4, 256
    bltu    a2, t4, 4f
3:  copy_words 0
    copy_words 64
    copy_words 128
    copy_words 192
    addi    a1, a1, 256
    addi    a0, a0, 256
    addi    a2, a2, -256
    bgeu    a2, t4, 3b
    bltu    a2, t0, 5f
4:  copy_words 0
    addi    a1, a1, 64
    addi    a0, a0, 64
    addi    a2, a2, -64
    bgeu    a2, t0, 4b
5:  andi    t1, a0, 7
    bnez    t1, copy_rest
    li      t0, 8
    bltu    a2, t0, copy_rest
6:  guarded copy_rest, ld a3, 0(a1)
    guarded copy_rest, sd a3, 0(a0)
    addi    a1, a1, 8
    addi    a0, a0, 8
    addi    a2, a2, -8
    bgeu    a2, t0, 6b
copy_rest:
    beqz    a2, copy_end
7:  guarded copy_end, lbu t2, 0(a1)
    guarded copy_end, sb t2, 0(a0)
    addi    a1, a1, 1
    addi    a0, a0, 1
    addi    a2, a2, -1
    bnez    a2, 7b
copy_end:
    mv      a0, a2
    ret
copy_align_fault:
    add     a0, a2, t1
    ret

// size_t fill_bytes(void *destination, int byte, size_t bytes): bytes left
    .balign 64
    .globl fill_bytes
fill_bytes:
    andi    a1, a1, 255
    slli    t1, a1, 8
    or      a1, a1, t1
    slli    t1, a1, 16
    or      a1, a1, t1
    slli    t1, a1, 32
    or      a1, a1, t1
    andi    t1, a0, 7
    bnez    t1, fill_rest
    li      t0, 64
    bltu    a2, t0, 2f
1:  guarded fill_rest, sd a1, 0(a0)
    guarded fill_rest, sd a1, 8(a0)
    guarded fill_rest, sd a1, 16(a0)
    guarded fill_rest, sd a1, 24(a0)
    guarded fill_rest, sd a1, 32(a0)
    guarded fill_rest, sd a1, 40(a0)
    guarded fill_rest, sd a1, 48(a0)
    guarded fill_rest, sd a1, 56(a0)
    addi    a0, a0, 64
    addi    a2, a2, -64
    bgeu    a2, t0, 1b
2:  li      t0, 8
    bltu    a2, t0, fill_rest
3:  guarded fill_rest, sd a1, 0(a0)
    addi    a0, a0, 8
    addi    a2, a2, -8
    bgeu    a2, t0, 3b
fill_rest:
    beqz    a2, fill_end
4:  guarded fill_end, sb a1, 0(a0)
    addi    a0, a0, 1
    addi    a2, a2, -1
    bnez    a2, 4b
fill_end:
    mv      a0, a2
    ret

// int compare_bytes(const void *left, const void *right, size_t bytes): 0 equal, 1 different, 2 fault
    .globl compare_bytes
compare_bytes:
    or      t1, a0, a1
    andi    t1, t1, 7
    bnez    t1, compare_rest
    li      t0, 8
    bltu    a2, t0, compare_rest
1:  guarded compare_rest, ld t1, 0(a0)
    guarded compare_rest, ld t2, 0(a1)
    bne     t1, t2, compare_different
    addi    a0, a0, 8
    addi    a1, a1, 8
    addi    a2, a2, -8
    bgeu    a2, t0, 1b
compare_rest:
    beqz    a2, 3f
2:  guarded compare_fault, lbu t1, 0(a0)
    guarded compare_fault, lbu t2, 0(a1)
    bne     t1, t2, compare_different
    addi    a0, a0, 1
    addi    a1, a1, 1
    addi    a2, a2, -1
    bnez    a2, 2b
3:  li      a0, 0
    ret
compare_different:
    li      a0, 1
    ret
compare_fault:
    li      a0, 2
    ret

// size_t copy_string(char *destination, const char *source, size_t bytes): length, `bytes`: no end,
// SIZE_MAX: fault
    .globl copy_string
copy_string:
    li      t0, 0
1:  beq     t0, a2, 2f
    guarded copy_string_fault, lbu t1, 0(a1)
    guarded copy_string_fault, sb t1, 0(a0)
    beqz    t1, 2f
    addi    t0, t0, 1
    addi    a0, a0, 1
    addi    a1, a1, 1
    j       1b
2:  mv      a0, t0
    ret
copy_string_fault:
    li      a0, -1
    ret
