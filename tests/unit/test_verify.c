// SPDX-License-Identifier: MIT
// test-sources: kernel/verify.c
// The rules of kernel/verify.c, case by case, both sides of each boundary.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "kernel/verify.h"

#define TEXT 0x10000

enum { ZERO, RA, SP, GP, TP, T0, S0 = 8, A0 = 10, A1 = 11, S9 = 25, S10 = 26, T6 = 31 };

// Encodings, from the formats of the RISC-V manual (volume I, chapter 24).
#define R(funct7, rs2, rs1, funct3, rd, opcode)                                                    \
    ((uint32_t)(funct7) << 25 | (uint32_t)(rs2) << 20 | (uint32_t)(rs1) << 15 | (funct3) << 12 |   \
     (rd) << 7 | (opcode))
#define I(immediate, rs1, funct3, rd, opcode)                                                      \
    (((uint32_t)(immediate)&0xfff) << 20 | (uint32_t)(rs1) << 15 | (funct3) << 12 | (rd) << 7 |    \
     (opcode))
#define S(immediate, rs2, rs1, funct3)                                                             \
    (((uint32_t)(immediate) >> 5 & 0x7f) << 25 | (uint32_t)(rs2) << 20 | (uint32_t)(rs1) << 15 |   \
     (funct3) << 12 | ((uint32_t)(immediate)&31) << 7 | 0x23)
#define B(distance, rs2, rs1, funct3)                                                              \
    (((uint32_t)(distance) >> 12 & 1) << 31 | ((uint32_t)(distance) >> 5 & 0x3f) << 25 |           \
     (uint32_t)(rs2) << 20 | (uint32_t)(rs1) << 15 | (funct3) << 12 |                              \
     ((uint32_t)(distance) >> 1 & 15) << 8 | ((uint32_t)(distance) >> 11 & 1) << 7 | 0x63)
#define J(distance, rd)                                                                            \
    (((uint32_t)(distance) >> 20 & 1) << 31 | ((uint32_t)(distance) >> 1 & 0x3ff) << 21 |          \
     ((uint32_t)(distance) >> 11 & 1) << 20 | ((uint32_t)(distance) >> 12 & 0xff) << 12 |          \
     (rd) << 7 | 0x6f)
#define U(upper, rd, opcode) ((uint32_t)(upper) << 12 | (rd) << 7 | (opcode))

#define ADDI(rd, rs1, n)                 I(n, rs1, 0, rd, 0x13)
#define ANDI(rd, rs1, n)                 I(n, rs1, 7, rd, 0x13)
#define ADD(rd, rs1, rs2)                R(0, rs2, rs1, 0, rd, 0x33)
#define ADD_UW(rd, rs1, rs2)             R(4, rs2, rs1, 0, rd, 0x3b)
#define LOAD(width, rd, n, rs1)          I(n, rs1, width, rd, 0x03)
#define LD(rd, n, rs1)                   LOAD(3, rd, n, rs1)
#define SD(rs2, n, rs1)                  S(n, rs2, rs1, 3)
#define AMO(funct5, rd, rs2, rs1, width) R((funct5) << 2, rs2, rs1, width, rd, 0x2f)
#define JALR(rd, rs1, n)                 I(n, rs1, 0, rd, 0x67)
#define LUI(rd, upper)                   U(upper, rd, 0x37)
#define AUIPC(rd, upper)                 U(upper, rd, 0x17)
#define NOP                              ADDI(ZERO, ZERO, 0)
#define EBREAK                           0x00100073
#define ADD_RA                           ADD_UW(RA, RA, GP)
#define ANDI_RA                          ANDI(RA, RA, -4)
#define ADD_SP                           ADD_UW(SP, SP, GP)

struct sample {
    const char *name;
    uint32_t rule; // 0: accepted
    uint32_t count;
    uint32_t words[4];
};

#define OK(name, ...)                                                                              \
    {                                                                                              \
        name, 0, sizeof((uint32_t[]){__VA_ARGS__}) / 4,                                            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define NO(rule, name, ...)                                                                        \
    {                                                                                              \
        name, rule, sizeof((uint32_t[]){__VA_ARGS__}) / 4,                                         \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const struct sample rule_1[] = {
    OK("nop", NOP),
    OK("ebreak", EBREAK),
    NO(1, "all zeros", 0),
    NO(1, "all ones", 0xffffffff),
    NO(1, "ecall", 0x00000073),
    NO(1, "uret", 0x00200073),
    NO(1, "sret", 0x10200073),
    NO(1, "mret", 0x30200073),
    NO(1, "wfi", 0x10500073),
    NO(1, "ebreak with a register", 0x001000f3),
    NO(1, "sfence.vma", 0x12000073),
    NO(1, "sinval.vma", 0x16000073),
    NO(1, "hfence.gvma", 0x62000073),
    NO(1, "hlv.d", 0x6c0542f3),
    NO(1, "csrr satp", 0x180022f3),
    NO(1, "csrr cycle", 0xc00022f3),
    NO(1, "csrrwi", 0x18005073),
    OK("fence iorw, iorw", 0x0ff0000f),
    OK("fence w, 0 (pause)", 0x0100000f),
    OK("fence.tso", 0x8330000f),
    NO(1, "fence.tso with other sets", 0x8310000f),
    NO(1, "fence with fm = 1", 0x1ff0000f),
    NO(1, "fence with rd", 0x0ff0008f),
    NO(1, "fence with rs1", 0x0ff0800f),
    NO(1, "fence.i", 0x0000100f),
    NO(1, "cbo.zero", 0x0045200f),
    NO(1, "compressed nop twice", 0x00010001),
    NO(1, "a 48-bit prefix", 0x0000001f),
    NO(1, "a 64-bit prefix", 0x0000003f),
    NO(1, "flw", 0x00052007),
    NO(1, "fsw", 0x00a52027),
    NO(1, "fld through s10", 0x000d3007),
    NO(1, "vle8.v", 0x02050007),
    NO(1, "fadd.s", 0x00000053),
    NO(1, "fmadd.s", 0x00000043),
    NO(1, "vadd.vv", 0x00000057),
    NO(1, "custom-0", 0x0000000b),
    NO(1, "custom-1", 0x0000002b),
    NO(1, "custom-2", 0x0000005b),
    NO(1, "custom-3", 0x0000007b),
    NO(1, "reserved opcode 0x6b", 0x0000006b),
    NO(1, "load of width 7", LOAD(7, A0, 0, S10)),
    NO(1, "store of width 4", S(0, A0, S10, 4)),
    NO(1, "store of width 7", S(0, A0, S10, 7)),
    NO(1, "branch with funct3 2", B(0, 0, 0, 2)),
    NO(1, "branch with funct3 3", B(0, 0, 0, 3)),
    NO(1, "jalr with funct3 1", I(0, RA, 1, 0, 0x67)),
    OK("slli by 63", I(63, A0, 1, A0, 0x13)),
    NO(1, "slli by 64", I(64, A0, 1, A0, 0x13)),
    OK("srai by 63", I(0x43f, A0, 5, A0, 0x13)),
    NO(1, "bseti", I(0x280, A0, 1, A0, 0x13)),
    NO(1, "bclri", I(0x480, A0, 1, A0, 0x13)),
    NO(1, "bexti", I(0x480, A0, 5, A0, 0x13)),
    OK("rori by 63", I(0x63f, A0, 5, A0, 0x13)),
    NO(1, "sha256sum0", I(0x100, A0, 1, A0, 0x13)),
    OK("clz", I(0x600, A0, 1, A0, 0x13)),
    OK("ctz", I(0x601, A0, 1, A0, 0x13)),
    OK("cpop", I(0x602, A0, 1, A0, 0x13)),
    NO(1, "bmatflip", I(0x603, A0, 1, A0, 0x13)),
    OK("sext.b", I(0x604, A0, 1, A0, 0x13)),
    OK("sext.h", I(0x605, A0, 1, A0, 0x13)),
    NO(1, "after sext.h", I(0x606, A0, 1, A0, 0x13)),
    OK("orc.b", I(0x287, A0, 5, A0, 0x13)),
    NO(1, "gorci of another count", I(0x286, A0, 5, A0, 0x13)),
    OK("rev8", I(0x6b8, A0, 5, A0, 0x13)),
    NO(1, "rev8 of RV32", I(0x698, A0, 5, A0, 0x13)),
    NO(1, "brev8", I(0x687, A0, 5, A0, 0x13)),
    OK("addiw", I(-1, A0, 0, A0, 0x1b)),
    NO(1, "OP-IMM-32 with funct3 2", I(0, A0, 2, A0, 0x1b)),
    NO(1, "OP-IMM-32 with funct3 7", I(0, A0, 7, A0, 0x1b)),
    OK("slliw by 31", I(31, A0, 1, A0, 0x1b)),
    NO(1, "slliw by 32", I(32, A0, 1, A0, 0x1b)),
    OK("slli.uw by 63", I(0x0bf, A0, 1, A0, 0x1b)),
    NO(1, "slli.uw by 64", I(0x0c0, A0, 1, A0, 0x1b)),
    OK("sraiw by 31", I(0x41f, A0, 5, A0, 0x1b)),
    NO(1, "sraiw by 32", I(0x420, A0, 5, A0, 0x1b)),
    OK("roriw by 31", I(0x61f, A0, 5, A0, 0x1b)),
    NO(1, "roriw by 32", I(0x620, A0, 5, A0, 0x1b)),
    OK("clzw", I(0x600, A0, 1, A0, 0x1b)),
    OK("cpopw", I(0x602, A0, 1, A0, 0x1b)),
    NO(1, "after cpopw", I(0x604, A0, 1, A0, 0x1b)),
    OK("mulhsu", R(1, A1, A0, 2, A0, 0x33)),
    OK("sh3add", R(0x10, A1, A0, 6, A0, 0x33)),
    NO(1, "funct3 0 of the shadd group", R(0x10, A1, A0, 0, A0, 0x33)),
    NO(1, "clmul", R(5, A1, A0, 1, A0, 0x33)),
    OK("min", R(5, A1, A0, 4, A0, 0x33)),
    OK("andn", R(0x20, A1, A0, 7, A0, 0x33)),
    NO(1, "slo", R(0x10, A1, A0, 1, A0, 0x33)),
    NO(1, "sub group with funct3 1", R(0x20, A1, A0, 1, A0, 0x33)),
    OK("rol", R(0x30, A1, A0, 1, A0, 0x33)),
    NO(1, "bset", R(0x14, A1, A0, 1, A0, 0x33)),
    NO(1, "czero.eqz", R(7, A1, A0, 5, A0, 0x33)),
    NO(1, "pack", R(4, A1, A0, 4, A0, 0x33)),
    NO(1, "xperm4", R(0x14, A1, A0, 2, A0, 0x33)),
    OK("add.uw", ADD_UW(A0, A0, A1)),
    OK("zext.h", R(4, 0, A0, 4, A0, 0x3b)),
    NO(1, "packw", R(4, A1, A0, 4, A0, 0x3b)),
    OK("sh1add.uw", R(0x10, A1, A0, 2, A0, 0x3b)),
    OK("remuw", R(1, A1, A0, 7, A0, 0x3b)),
    NO(1, "M of 32 bits with funct3 1", R(1, A1, A0, 1, A0, 0x3b)),
    NO(1, "addw with funct3 2", R(0, A1, A0, 2, A0, 0x3b)),
    OK("subw", R(0x20, A1, A0, 0, A0, 0x3b)),
    OK("rorw", R(0x30, A1, A0, 5, A0, 0x3b)),
    NO(1, "OP-32 with funct7 0x05", R(5, A1, A0, 4, A0, 0x3b)),
    OK("lr.w", AMO(2, A0, 0, S10, 2)),
    OK("lr.d.aqrl", AMO(2, A0, 0, S10, 3) | 3 << 25),
    NO(1, "lr with rs2", AMO(2, A0, A1, S10, 3)),
    OK("sc.d", AMO(3, A0, A1, S10, 3)),
    OK("amomaxu.w", AMO(0x1c, A0, A1, S10, 2)),
    NO(1, "amoadd.b", AMO(0, A0, A1, S10, 0)),
    NO(1, "amoadd.h", AMO(0, A0, A1, S10, 1)),
    NO(1, "amoadd.q", AMO(0, A0, A1, S10, 4)),
    NO(1, "amocas.d", AMO(5, A0, A1, S10, 3)),
    NO(1, "ssamoswap", AMO(9, A0, A1, S10, 3)),
    NO(1, "an unknown amo", AMO(0x1f, A0, A1, S10, 3)),
    OK("lui zero (a hint)", LUI(ZERO, 1)),
    OK("prefetch.r (a hint)", I(0x001, A0, 6, ZERO, 0x13)),
};

static const struct sample rule_2[] = {
    OK("ld through s10", LD(A0, 0, S10)),
    OK("ld through sp", LD(A0, -2048, SP)),
    OK("ld of the first core entry", LD(A0, 0, GP)),
    OK("ld of the last core entry", LD(A0, 2040, GP)),
    OK("lbu of the last core entry", LOAD(4, A0, 2040, GP)),
    NO(2, "ld past the last core entry", LD(A0, 2041, GP)),
    NO(2, "lb at 2047", LOAD(0, A0, 2047, GP)),
    NO(2, "ld below the slot", LD(A0, -8, GP)),
    NO(2, "ld at -2048 of gp", LD(A0, -2048, GP)),
    NO(2, "ld through a0", LD(A0, 0, A0)),
    NO(2, "ld through s9", LD(A0, 0, S9)),
    NO(2, "ld through tp", LD(A0, 0, TP)),
    NO(2, "ld through zero", LD(A0, 0, ZERO)),
    NO(2, "ld through ra", LD(A0, 0, RA)),
    NO(2, "a load into zero", LD(ZERO, 0, A0)),
    OK("sd through s10", SD(A0, 2047, S10)),
    OK("sd through sp", SD(A0, -2048, SP)),
    NO(2, "sd through gp", SD(A0, 0, GP)),
    NO(2, "sb through a0", S(0, A0, A0, 0)),
    NO(2, "sd through s9", SD(A0, 0, S9)),
    OK("sd of gp itself", SD(GP, 0, SP)),
    OK("lr through sp", AMO(2, A0, 0, SP, 3)),
    NO(2, "lr through gp", AMO(2, A0, 0, GP, 3)),
    NO(2, "sc through a0", AMO(3, A0, A1, A0, 3)),
    NO(2, "amoswap through gp", AMO(1, A0, A1, GP, 3)),
    NO(2, "amoadd through zero", AMO(0, A0, A1, ZERO, 2)),
};

static const struct sample rule_3[] = {
    NO(3, "addi gp", ADDI(GP, GP, 0)),
    NO(3, "ld gp", LD(GP, 0, SP)),
    NO(3, "add.uw gp, rs, gp", ADD_UW(GP, A0, GP)),
    NO(3, "lui gp", LUI(GP, 0)),
    NO(3, "auipc gp", AUIPC(GP, 0)),
    NO(3, "amoadd into gp", AMO(0, GP, A1, S10, 3)),
    NO(3, "sc into tp", AMO(3, TP, A1, S10, 3)),
    NO(3, "mv tp", ADDI(TP, A0, 0)),
    NO(3, "mul tp", R(1, A1, A0, 0, TP, 0x33)),
    NO(3, "addw tp", R(0, A1, A0, 0, TP, 0x3b)),
    NO(3, "slliw gp", I(0, A0, 1, GP, 0x1b)),
    OK("tp may be read", ADDI(A0, TP, 0)),
};

static const struct sample rule_4[] = {
    OK("add.uw s10, a0, gp", ADD_UW(S10, A0, GP)),
    OK("add.uw s10, s10, gp", ADD_UW(S10, S10, GP)),
    OK("add.uw s10, gp, gp", ADD_UW(S10, GP, GP)),
    NO(4, "add.uw s10, gp, a0", ADD_UW(S10, GP, A0)),
    NO(4, "add.uw s10, a0, zero", ADD_UW(S10, A0, ZERO)),
    NO(4, "add s10, a0, gp", ADD(S10, A0, GP)),
    NO(4, "addi s10, s10, 0", ADDI(S10, S10, 0)),
    NO(4, "sh1add.uw s10, a0, gp", R(0x10, GP, A0, 2, S10, 0x3b)),
    NO(4, "ld s10, 0(s10)", LD(S10, 0, S10)),
    NO(4, "ld s10, 8(gp)", LD(S10, 8, GP)),
    NO(4, "amoswap into s10", AMO(1, S10, A1, S10, 3)),
    NO(4, "lui s10", LUI(S10, 0x10)),
    OK("auipc s10, 0", AUIPC(S10, 0)),
    OK("auipc s10 to the slot's start", AUIPC(S10, 0xffff0)),
    NO(4, "auipc s10 below the slot", AUIPC(S10, 0xfffef)),
    NO(4, "auipc s10 far below", AUIPC(S10, 0x80000)),
    OK("auipc s10 far up", AUIPC(S10, 0x7ffff)),
};

static const struct sample rule_5[] = {
    OK("andi s9, s10, -4", ANDI(S9, S10, -4)),
    NO(5, "andi s9, s10, -2", ANDI(S9, S10, -2)),
    NO(5, "andi s9, s10, -8", ANDI(S9, S10, -8)),
    NO(5, "andi s9, a0, -4", ANDI(S9, A0, -4)),
    NO(5, "andi s9, s9, -4", ANDI(S9, S9, -4)),
    NO(5, "ori s9, s10, -4", I(-4, S10, 6, S9, 0x13)),
    OK("ld s9, 0(gp)", LD(S9, 0, GP)),
    OK("ld s9, 2040(gp)", LD(S9, 2040, GP)),
    NO(5, "ld s9, 4(gp)", LD(S9, 4, GP)),
    NO(5, "ld s9, 1(gp)", LD(S9, 1, GP)),
    NO(2, "ld s9, -8(gp)", LD(S9, -8, GP)),
    NO(5, "lw s9, 8(gp)", LOAD(2, S9, 8, GP)),
    NO(5, "lwu s9, 8(gp)", LOAD(6, S9, 8, GP)),
    NO(5, "ld s9, 8(s10)", LD(S9, 8, S10)),
    NO(5, "ld s9, 8(sp)", LD(S9, 8, SP)),
    NO(5, "add.uw s9, a0, gp", ADD_UW(S9, A0, GP)),
    NO(5, "auipc s9", AUIPC(S9, 0)),
    NO(5, "lr into s9", AMO(2, S9, 0, S10, 3)),
};

static const struct sample rule_6[] = {
    OK("ret", JALR(ZERO, RA, 0)),
    OK("jr s9", JALR(ZERO, S9, 0)),
    OK("jalr ra, s9", JALR(RA, S9, 0)),
    OK("jalr ra, ra", JALR(RA, RA, 0)),
    NO(6, "jr a0", JALR(ZERO, A0, 0)),
    NO(6, "jr s10", JALR(ZERO, S10, 0)),
    NO(6, "jr gp", JALR(ZERO, GP, 0)),
    NO(6, "jr zero", JALR(ZERO, ZERO, 0)),
    NO(6, "jr 4(s9)", JALR(ZERO, S9, 4)),
    NO(6, "jr 1(ra)", JALR(ZERO, RA, 1)),
    NO(6, "jr -4(ra)", JALR(ZERO, RA, -4)),
    NO(6, "jalr t0, s9", JALR(T0, S9, 0)),
    NO(6, "jalr s9, s9", JALR(S9, S9, 0)),
    NO(6, "jalr gp, s9", JALR(GP, S9, 0)),
    OK("jal to itself", J(0, ZERO)),
    OK("jal ra, next", J(4, RA), NOP),
    NO(6, "jal past the end", J(4, RA)),
    NO(6, "jal past the end by 8", J(8, ZERO), NOP),
    OK("jal back to the start", NOP, J(-4, ZERO)),
    NO(6, "jal before the start", NOP, J(-8, ZERO)),
    NO(6, "jal into the middle", J(2, ZERO), NOP),
    NO(6, "jal to 6", J(6, ZERO), NOP, NOP),
    NO(6, "jal far down", J(-1048576, ZERO)),
    NO(6, "jal far up", J(1048572, ZERO)),
    NO(6, "jal t0", J(0, T0)),
    NO(6, "jal s10", J(0, S10)),
    NO(6, "jal sp", J(0, SP)),
    OK("beq to itself", B(0, A0, A1, 0)),
    OK("bgeu to the next", B(4, A0, A1, 7), NOP),
    NO(6, "bne past the end", B(4, A0, A1, 1)),
    NO(6, "blt before the start", B(-4, A0, A1, 4)),
    NO(6, "bltu into the middle", B(2, A0, A1, 6), NOP),
    NO(6, "bge to -4096", B(-4096, A0, A1, 5)),
    NO(6, "bge to 4094", B(4094, A0, A1, 5)),
};

static const struct sample rule_7[] = {
    OK("andi ra, ra, -4", ANDI_RA),
    OK("andi ra, s10, -4", ANDI(RA, S10, -4)),
    NO(7, "andi ra, s9, -4", ANDI(RA, S9, -4)),
    NO(7, "andi ra, a0, -4", ANDI(RA, A0, -4)),
    NO(7, "andi ra, ra, -2", ANDI(RA, RA, -2)),
    OK("add.uw ra, a0, gp; andi", ADD_UW(RA, A0, GP), ANDI_RA),
    OK("add.uw ra, ra, gp; andi", ADD_RA, ANDI_RA),
    NO(7, "add.uw ra alone", ADD_RA),
    NO(7, "add.uw ra; nop; andi", ADD_RA, NOP, ANDI_RA),
    NO(7, "add.uw ra, a0, a1; andi", ADD_UW(RA, A0, A1), ANDI_RA),
    NO(7, "add.uw ra; andi ra, s10", ADD_RA, ANDI(RA, S10, -4)),
    OK("ld ra; add.uw; andi", LD(RA, 8, SP), ADD_RA, ANDI_RA),
    NO(7, "ld ra alone", LD(RA, 8, SP)),
    NO(7, "ld ra; add.uw", LD(RA, 8, SP), ADD_RA),
    NO(7, "ld ra; andi", LD(RA, 8, SP), ANDI_RA),
    NO(7, "ld ra; nop; add.uw; andi", LD(RA, 8, SP), NOP, ADD_RA, ANDI_RA),
    NO(7, "ld ra; add.uw ra, a0, gp; andi", LD(RA, 8, SP), ADD_UW(RA, A0, GP), ANDI_RA),
    NO(7, "ld ra; add.uw; add.uw; andi", LD(RA, 8, SP), ADD_RA, ADD_RA, ANDI_RA),
    OK("any arithmetic into ra", R(1, A1, A0, 4, RA, 0x33), ADD_RA, ANDI_RA),
    OK("sc into ra", AMO(3, RA, A1, S10, 3), ADD_RA, ANDI_RA),
    NO(2, "ld ra through a0", LD(RA, 8, A0), ADD_RA, ANDI_RA),
    OK("writes one after the other", ADD_UW(RA, A1, GP), ADD_RA, ANDI_RA),
    NO(7, "lui ra at the end", LUI(RA, 1)),
};

static const struct sample rule_8[] = {
    OK("add.uw sp, a0, gp", ADD_UW(SP, A0, GP)),
    OK("add.uw sp, sp, gp", ADD_SP),
    NO(8, "add.uw sp, gp, sp", ADD_UW(SP, GP, SP)),
    NO(8, "add.uw sp, sp, zero", ADD_UW(SP, SP, ZERO)),
    OK("addi sp; add.uw", ADDI(SP, SP, -16), ADD_SP),
    NO(8, "addi sp alone", ADDI(SP, SP, -16)),
    NO(8, "addi sp; nop; add.uw", ADDI(SP, SP, -16), NOP, ADD_SP),
    NO(8, "addi sp; sd; add.uw", ADDI(SP, SP, -16), SD(RA, 8, SP), ADD_SP),
    NO(8, "addi sp; add.uw sp, a0, gp", ADDI(SP, SP, -16), ADD_UW(SP, A0, GP)),
    OK("ld sp; add.uw", LD(SP, 0, SP), ADD_SP),
    OK("amoswap sp; add.uw", AMO(1, SP, A1, S10, 3), ADD_SP),
    NO(8, "addi sp, addi sp, add.uw", ADDI(SP, SP, -8), ADDI(SP, SP, -8), ADD_SP),
    NO(8, "auipc sp", AUIPC(SP, 0)),
    NO(8, "a jump between", ADDI(SP, SP, -16), J(4, ZERO), ADD_SP),
};

static void samples_check(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct verify_result result = verify_text(samples[i].words, samples[i].count, TEXT);
        if (result.rule != samples[i].rule || result.ok != !samples[i].rule)
            fail_msg("%s: expected rule %u, got rule %u (%s)", samples[i].name, samples[i].rule,
                     result.rule, result.why);
    }
}

#define RULE_TEST(rule)                                                                            \
    static void rule##_is_kept(void **state)                                                       \
    {                                                                                              \
        (void)state;                                                                               \
        samples_check(rule, sizeof rule / sizeof rule[0]);                                         \
    }
RULE_TEST(rule_1)
RULE_TEST(rule_2)
RULE_TEST(rule_3)
RULE_TEST(rule_4)
RULE_TEST(rule_5)
RULE_TEST(rule_6)
RULE_TEST(rule_7)
RULE_TEST(rule_8)

static void empty_text_is_accepted(void **state)
{
    (void)state;
    struct verify_result result = verify_text(NULL, 0, TEXT);
    assert_true(result.ok);
    assert_int_equal(result.instructions, 0);
}

static void the_first_offence_is_reported_with_its_place(void **state)
{
    (void)state;
    static const uint32_t words[] = {NOP, NOP, 0x00000073, 0};
    struct verify_result result = verify_text(words, 4, TEXT);
    assert_false(result.ok);
    assert_int_equal(result.rule, 1);
    assert_int_equal(result.offset, TEXT + 8);
    assert_int_equal(result.word, 0x73);
    assert_int_equal(result.instructions, 2);
    assert_true(strlen(result.why) > 10);
}

static void accesses_through_guards_are_counted(void **state)
{
    (void)state;
    static const uint32_t words[] = {LD(A0, 0, S10), LD(A0, 0, SP),          LD(A0, 8, GP),
                                     SD(A0, 0, S10), AMO(0, A0, A1, S10, 3), AMO(2, A0, 0, S10, 3),
                                     SD(A0, 0, SP)};
    struct verify_result result = verify_text(words, sizeof words / 4, TEXT);
    assert_true(result.ok);
    assert_int_equal(result.instructions, 7);
    assert_int_equal(result.guarded_loads, 2);
    assert_int_equal(result.guarded_stores, 2);
}

static void auipc_is_judged_where_it_will_run(void **state)
{
    (void)state;
    static const uint32_t back[] = {AUIPC(S10, 0xffff0)};
    assert_true(verify_text(back, 1, TEXT).ok);
    assert_false(verify_text(back, 1, TEXT - 4096).ok);
    static const uint32_t up[] = {AUIPC(S10, 0x7ffff)};
    assert_true(verify_text(up, 1, 0x80000ffc).ok);
    assert_false(verify_text(up, 1, 0x80001000).ok);
    static const uint32_t second[] = {NOP, AUIPC(S10, 0x7ffff)};
    assert_true(verify_text(second, 2, 0x80000ff8).ok);
    assert_false(verify_text(second, 2, 0x80000ffc).ok);
}

// What exists of an opcode, as the manual's tables have it: funct7 (or the immediate) and funct3.
struct encoding {
    uint32_t first, last; // of bits 31..25, or of bits 31..20
    uint8_t funct3;
};

static bool encoding_listed(const struct encoding *list, size_t count, uint32_t upper,
                            uint32_t funct3)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].funct3 == funct3 && upper >= list[i].first && upper <= list[i].last)
            return true;
    }
    return false;
}

static void encodings_check(const struct encoding *list, size_t count, uint32_t opcode,
                            uint32_t upper_bits)
{
    for (uint32_t upper = 0; upper < 1u << upper_bits; upper++) {
        for (uint32_t funct3 = 0; funct3 < 8; funct3++) {
            // rs1 = rd = a0 for all; rs2 = a1 where there is one
            uint32_t word = upper << (32 - upper_bits) | (upper_bits == 7 ? A1 << 20 : 0) |
                            A0 << 15 | funct3 << 12 | A0 << 7 | opcode;
            if (verify_text(&word, 1, TEXT).ok != encoding_listed(list, count, upper, funct3))
                fail_msg("0x%08x: upper field 0x%x, funct3 %u", word, upper, funct3);
        }
    }
}

#define ENCODINGS_CHECK(list, opcode, bits)                                                        \
    encodings_check(list, sizeof list / sizeof list[0], opcode, bits)

static void every_arithmetic_encoding_is_known_or_refused(void **state)
{
    (void)state;
    static const struct encoding reg[] = {
        {0, 1, 0},       {0, 1, 1},       {0, 1, 2},       {0, 1, 3},       {0, 1, 4},
        {0, 1, 5},       {0, 1, 6},       {0, 1, 7},       {0x20, 0x20, 0}, {0x20, 0x20, 5},
        {0x20, 0x20, 4}, {0x20, 0x20, 6}, {0x20, 0x20, 7}, {5, 5, 4},       {5, 5, 5},
        {5, 5, 6},       {5, 5, 7},       {0x10, 0x10, 2}, {0x10, 0x10, 4}, {0x10, 0x10, 6},
        {0x30, 0x30, 1}, {0x30, 0x30, 5},
    };
    static const struct encoding reg_32[] = {
        {0, 1, 0},       {0, 0, 1},       {0, 1, 5},       {1, 1, 4},       {1, 1, 6},
        {1, 1, 7},       {0x20, 0x20, 0}, {0x20, 0x20, 5}, {4, 4, 0},       {0x10, 0x10, 2},
        {0x10, 0x10, 4}, {0x10, 0x10, 6}, {0x30, 0x30, 1}, {0x30, 0x30, 5},
    };
    static const struct encoding imm[] = {
        {0, 0xfff, 0},     {0, 0xfff, 2},     {0, 0xfff, 3},     {0, 0xfff, 4},     {0, 0xfff, 6},
        {0, 0xfff, 7},     {0, 63, 1},        {0x600, 0x602, 1}, {0x604, 0x605, 1}, {0, 63, 5},
        {0x400, 0x43f, 5}, {0x600, 0x63f, 5}, {0x287, 0x287, 5}, {0x6b8, 0x6b8, 5},
    };
    static const struct encoding imm_32[] = {
        {0, 0xfff, 0}, {0, 31, 1},        {0x080, 0x0bf, 1}, {0x600, 0x602, 1},
        {0, 31, 5},    {0x400, 0x41f, 5}, {0x600, 0x61f, 5},
    };
    ENCODINGS_CHECK(reg, 0x33, 7);
    ENCODINGS_CHECK(reg_32, 0x3b, 7);
    ENCODINGS_CHECK(imm, 0x13, 12);
    ENCODINGS_CHECK(imm_32, 0x1b, 12);
}

static void every_atomic_encoding_is_known_or_refused(void **state)
{
    (void)state;
    static const uint8_t known[] = {0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28};
    for (uint32_t funct5 = 0; funct5 < 32; funct5++) {
        bool listed = memchr(known, (int)funct5, sizeof known) != NULL;
        for (uint32_t width = 0; width < 8; width++) {
            uint32_t word = AMO(funct5, A0, funct5 == 2 ? 0 : A1, S10, width);
            bool expected = listed && (width == 2 || width == 3);
            assert_int_equal(verify_text(&word, 1, TEXT).ok, expected);
        }
    }
}

static uint32_t *nops_make(size_t count)
{
    uint32_t *words = malloc(count * sizeof *words);
    assert_non_null(words);
    for (size_t i = 0; i < count; i++)
        words[i] = NOP;
    return words;
}

// For each bit of the distance: exactly the last word and the first word of the text can be
// reached.
static void targets_reach_exactly_the_text(void **state)
{
    (void)state;
    uint32_t *words = nops_make((1 << 18) + 2);
    for (uint32_t bit = 2; bit < 20; bit++) {
        uint32_t distance = 1u << bit, count = distance / 4;
        for (int is_branch = 0; is_branch < 2; is_branch++) {
            if (is_branch && bit >= 12)
                continue;
            words[0] = is_branch ? B(distance, A0, A1, 0) : J(distance, RA);
            assert_int_equal(verify_text(words, count, TEXT).rule, 6);
            assert_true(verify_text(words, count + 1, TEXT).ok);
            words[0] = NOP;

            words[count] = is_branch ? B(0u - distance, A0, A1, 0) : J(0u - distance, RA);
            assert_true(verify_text(words, count + 1, TEXT).ok);
            assert_int_equal(verify_text(words + 1, count, TEXT).rule, 6);
            words[count] = NOP;
        }
    }
    free(words);
}

static void a_sequence_cut_off_by_the_end_is_reported_at_its_start(void **state)
{
    (void)state;
    static const uint32_t words[] = {NOP, LD(RA, 8, SP), ADD_RA};
    assert_int_equal(verify_text(words, 3, TEXT).offset, TEXT + 4);
}

// Whatever the word, alone at the end of text: it never writes gp, tp, or a reserved register
// unguarded. Judged on the formats only, for a sample of all words that strides through every
// opcode.
static void no_lone_word_writes_a_reserved_register(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 1u << 22; n++) {
        uint32_t word = (uint32_t)(n * 2654435761u) | 3;
        uint32_t opcode = word & 0x7f, rd = word >> 7 & 31;
        bool writes = opcode != 0x63 && opcode != 0x23 && opcode != 0x73 && opcode != 0x0f;
        if (!writes || !verify_text(&word, 1, TEXT).ok)
            continue;
        assert_true(rd != GP && rd != TP);
        if (rd == SP)
            assert_int_equal(word & 0xfff07fff, ADD_UW(SP, 0, GP));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_1_is_kept),
        cmocka_unit_test(rule_2_is_kept),
        cmocka_unit_test(rule_3_is_kept),
        cmocka_unit_test(rule_4_is_kept),
        cmocka_unit_test(rule_5_is_kept),
        cmocka_unit_test(rule_6_is_kept),
        cmocka_unit_test(rule_7_is_kept),
        cmocka_unit_test(rule_8_is_kept),
        cmocka_unit_test(empty_text_is_accepted),
        cmocka_unit_test(the_first_offence_is_reported_with_its_place),
        cmocka_unit_test(accesses_through_guards_are_counted),
        cmocka_unit_test(auipc_is_judged_where_it_will_run),
        cmocka_unit_test(every_arithmetic_encoding_is_known_or_refused),
        cmocka_unit_test(every_atomic_encoding_is_known_or_refused),
        cmocka_unit_test(targets_reach_exactly_the_text),
        cmocka_unit_test(a_sequence_cut_off_by_the_end_is_reported_at_its_start),
        cmocka_unit_test(no_lone_word_writes_a_reserved_register),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
