// SPDX-License-Identifier: MIT
// Where a user program begins. The system enters _start with sp at the argument block that Linux
// defines: argc, the arguments, 0, the environment, 0, the auxiliary vector. No other register
// has a meaning.

    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$   // the linker shortens addresses around this point
    .option pop
    la      tp, __tls_first         // the first thread's own variables
    mv      a0, sp
    andi    sp, sp, -16             // calling convention: aligned stack
    li      ra, 0                   // a backtrace ends here
    tail    program_start
