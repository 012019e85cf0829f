// SPDX-License-Identifier: MIT
// The reserve of text: generate.c fills it with mutated copies of functions. With all else it stays
// below 1 MiB, so that each copy can call what its original calls.
    .section .text.mutants, "ax", @progbits
    .globl mutants_reserve
mutants_reserve:
    .fill 800 * 256, 4, 0x00100073
    .size mutants_reserve, . - mutants_reserve
