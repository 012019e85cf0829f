// SPDX-License-Identifier: MIT
// For assembly: how the entry of a trap saves registers.
// clang-format off
#pragma once
#include "offsets.h"

// State: sp = the frame.
// What C keeps, but for s9 and s10, which the confinement of domains uses up.
    .macro  trap_save_kept
    sd      s0, TRAP_X + 64(sp)
    sd      s1, TRAP_X + 72(sp)
    sd      s2, TRAP_X + 144(sp)
    sd      s3, TRAP_X + 152(sp)
    sd      s4, TRAP_X + 160(sp)
    sd      s5, TRAP_X + 168(sp)
    sd      s6, TRAP_X + 176(sp)
    sd      s7, TRAP_X + 184(sp)
    sd      s8, TRAP_X + 192(sp)
    sd      s11, TRAP_X + 216(sp)
    .endm

// The rest, but sp, tp and t0, which the entry needed before it had a frame.
    .macro  trap_save_lost
    sd      ra, TRAP_X + 8(sp)
    sd      gp, TRAP_X + 24(sp)
    sd      t1, TRAP_X + 48(sp)
    sd      t2, TRAP_X + 56(sp)
    sd      a0, TRAP_X + 80(sp)
    sd      a1, TRAP_X + 88(sp)
    sd      a2, TRAP_X + 96(sp)
    sd      a3, TRAP_X + 104(sp)
    sd      a4, TRAP_X + 112(sp)
    sd      a5, TRAP_X + 120(sp)
    sd      a6, TRAP_X + 128(sp)
    sd      a7, TRAP_X + 136(sp)
    sd      s9, TRAP_X + 200(sp)
    sd      s10, TRAP_X + 208(sp)
    sd      t3, TRAP_X + 224(sp)
    sd      t4, TRAP_X + 232(sp)
    sd      t5, TRAP_X + 240(sp)
    sd      t6, TRAP_X + 248(sp)
    .endm
