// SPDX-License-Identifier: MIT
// For assembly: the arguments of a C function whose first is the number of a system call become
// those of that call.
// clang-format off
#pragma once

    .macro  call_arguments
    mv      a7, a0
    mv      a0, a1
    mv      a1, a2
    mv      a2, a3
    mv      a3, a4
    mv      a4, a5
    mv      a5, a6
    .endm
