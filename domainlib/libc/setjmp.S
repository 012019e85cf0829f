// SPDX-License-Identifier: MIT
// setjmp, longjmp: newlib's jmp_buf (machine/setjmp.h) has 14 words. s9 and s10 belong to the guards
// and are not kept; ra and sp are confined as they come back, whatever the buffer holds by then.

    .section .text.setjmp, "ax", @progbits
    .globl setjmp, _setjmp
    .type setjmp, @function
    .type _setjmp, @function
setjmp:
_setjmp:
    sd ra, 0(a0)
    sd sp, 8(a0)
    sd s0, 16(a0)
    sd s1, 24(a0)
    sd s2, 32(a0)
    sd s3, 40(a0)
    sd s4, 48(a0)
    sd s5, 56(a0)
    sd s6, 64(a0)
    sd s7, 72(a0)
    sd s8, 80(a0)
    sd s11, 88(a0)
    li a0, 0
    ret
    .size setjmp, . - setjmp

    .globl longjmp, _longjmp
    .type longjmp, @function
    .type _longjmp, @function
    // Before: a0 = buffer, a1 = what setjmp returns, 1 if it is 0.
longjmp:
_longjmp:
    ld ra, 0(a0)
    ld s0, 16(a0)
    ld s1, 24(a0)
    ld s2, 32(a0)
    ld s3, 40(a0)
    ld s4, 48(a0)
    ld s5, 56(a0)
    ld s6, 64(a0)
    ld s7, 72(a0)
    ld s8, 80(a0)
    ld s11, 88(a0)
    ld sp, 8(a0)
    seqz a0, a1
    add a0, a0, a1
    ret
    .size longjmp, . - longjmp
