// SPDX-License-Identifier: MIT
// strcmp: by words while both strings are aligned and no byte of the word is zero, else by bytes.

    .section .text.strcmp, "ax", @progbits
    .globl strcmp
    .type strcmp, @function
strcmp:
    or t0, a0, a1
    andi t0, t0, 7
    li t2, -1
    bnez t0, .Lbyte
.Lword:
    ld t0, 0(a0)
    ld t1, 0(a1)
    bne t0, t1, .Lbyte
    orc.b t3, t0 // all ones in each byte that is not zero
    bne t3, t2, .Lequal
    addi a0, a0, 8
    addi a1, a1, 8
    j .Lword
.Lbyte:
    lbu t0, 0(a0)
    lbu t1, 0(a1)
    addi a0, a0, 1
    addi a1, a1, 1
    bne t0, t1, .Ldiffer
    bnez t0, .Lbyte
.Lequal:
    li a0, 0
    ret
.Ldiffer:
    sub a0, t0, t1
    ret
    .size strcmp, . - strcmp
