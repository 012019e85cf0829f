// SPDX-License-Identifier: MIT
#include "kernel/verify.h"

enum {
    ZERO = 0,
    RA = 1,
    SP = 2,
    GP = 3,
    TP = 4,
    S9 = 25,
    S10 = 26,
};

// Major opcodes: bits 6..0 of a word. Bits 1..0 are 11, or else the word is no 4-byte instruction.
enum {
    OP_LOAD = 0x03,
    OP_FENCE = 0x0f,
    OP_IMM = 0x13,
    OP_AUIPC = 0x17,
    OP_IMM_32 = 0x1b,
    OP_STORE = 0x23,
    OP_AMO = 0x2f,
    OP_REG = 0x33,
    OP_LUI = 0x37,
    OP_REG_32 = 0x3b,
    OP_BRANCH = 0x63,
    OP_JALR = 0x67,
    OP_JAL = 0x6f,
    OP_SYSTEM = 0x73,
};

#define EBREAK    0x00100073u
#define FENCE_TSO 0x8330000fu

// The guards, as words. The registers that a guard may choose are masked out where it is compared.
#define ADD_UW(rd, rs1, rs2)                                                                       \
    (0x0800003bu | (uint32_t)(rd) << 7 | (uint32_t)(rs1) << 15 | (uint32_t)(rs2) << 20)
#define ANDI_4(rd, rs1) (0xffc07013u | (uint32_t)(rd) << 7 | (uint32_t)(rs1) << 15)
#define RS1_FIELD       (31u << 15)

#define SLOT_BYTES ((int64_t)1 << 32)

struct text {
    const uint32_t *words;
    size_t count;
    int64_t offset; // of words[0] in the slot
    uint64_t guarded_stores, guarded_loads;
};

// What is wrong with an instruction; a null `why` means nothing.
struct offence {
    uint32_t rule;
    const char *why;
};

static inline struct offence none(void)
{
    return (struct offence){0, NULL};
}

static struct offence broken(uint32_t rule, const char *why)
{
    return (struct offence){rule, why};
}

static inline uint32_t field_rd(uint32_t word)
{
    return word >> 7 & 31;
}

static inline uint32_t field_rs1(uint32_t word)
{
    return word >> 15 & 31;
}

static inline uint32_t field_rs2(uint32_t word)
{
    return word >> 20 & 31;
}

static inline uint32_t field_funct3(uint32_t word)
{
    return word >> 12 & 7;
}

static inline uint32_t field_funct7(uint32_t word)
{
    return word >> 25;
}

// Sign-extended immediate of an I-type word.
static inline int32_t immediate_i(uint32_t word)
{
    return (int32_t)word >> 20;
}

static int32_t immediate_branch(uint32_t word)
{
    return (int32_t)((uint32_t)((int32_t)word >> 31) << 12 | (word << 4 & 0x800) |
                     (word >> 20 & 0x7e0) | (word >> 7 & 0x1e));
}

static int32_t immediate_jal(uint32_t word)
{
    return (int32_t)((uint32_t)((int32_t)word >> 31) << 20 | (word & 0xff000) |
                     (word >> 9 & 0x800) | (word >> 20 & 0x7fe));
}

// Rule 1, register-register: for each funct7 the funct3 values that exist, as bits.
static const uint8_t reg_known[128] = {
    [0x00] = 0xff, // add sll slt sltu xor srl or and
    [0x01] = 0xff, // mul mulh mulhsu mulhu div divu rem remu
    [0x05] = 0xf0, // min minu max maxu
    [0x10] = 0x54, // sh1add sh2add sh3add
    [0x20] = 0xf1, // sub xnor sra orn andn
    [0x30] = 0x22, // rol ror
};
static const uint8_t reg_32_known[128] = {
    [0x00] = 0x23, // addw sllw srlw
    [0x01] = 0xf1, // mulw divw divuw remw remuw
    [0x04] = 0x11, // add.uw zext.h (the latter only with rs2 = 0)
    [0x10] = 0x54, // sh1add.uw sh2add.uw sh3add.uw
    [0x20] = 0x21, // subw sraw
    [0x30] = 0x22, // rolw rorw
};

static bool imm_known(uint32_t word)
{
    uint32_t immediate = word >> 20, funct6 = word >> 26;
    switch (field_funct3(word)) {
    case 1: // slli; clz ctz cpop sext.b sext.h
        return funct6 == 0x00 || (immediate >= 0x600 && immediate <= 0x602) || immediate == 0x604 ||
               immediate == 0x605;
    case 5: // srli srai rori; orc.b rev8
        return funct6 == 0x00 || funct6 == 0x10 || funct6 == 0x18 || immediate == 0x287 ||
               immediate == 0x6b8;
    default: // addi slti sltiu xori ori andi
        return true;
    }
}

static bool imm_32_known(uint32_t word)
{
    uint32_t immediate = word >> 20, funct7 = field_funct7(word);
    switch (field_funct3(word)) {
    case 0: // addiw
        return true;
    case 1: // slliw slli.uw; clzw ctzw cpopw
        return funct7 == 0x00 || word >> 26 == 0x02 || (immediate >= 0x600 && immediate <= 0x602);
    case 5: // srliw sraiw roriw
        return funct7 == 0x00 || funct7 == 0x20 || funct7 == 0x30;
    default:
        return false;
    }
}

static bool amo_known(uint32_t word)
{
    // amoadd amoswap lr sc amoxor amoor amoand amomin amomax amominu amomaxu, by bits 31..27
    const uint32_t known = 1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 8 | 1u << 12 |
                           1u << 16 | 1u << 20 | 1u << 24 | 1u << 28;
    uint32_t funct5 = word >> 27, width = field_funct3(word);
    bool is_lr = funct5 == 2;
    return (known >> funct5 & 1) && (width == 2 || width == 3) && !(is_lr && field_rs2(word));
}

// Only fm = 0 with any sets, and fence.tso; rd and rs1 are reserved and must be zero.
static bool fence_known(uint32_t word)
{
    return (word & 0xf00fffffu) == OP_FENCE || word == FENCE_TSO;
}

// Rule 2: every access goes through a register that lies in the slot, or loads from the gate page.
// A load that stays unconfined is a kind of text that only the host's measurements know.
static inline struct offence check_access(struct text *text, uint32_t word, bool is_store)
{
    uint32_t base = field_rs1(word);
    if (base == S10) {
        *(is_store ? &text->guarded_stores : &text->guarded_loads) += 1;
        return none();
    }
    if (base == SP)
        return none();
    if (is_store)
        return broken(2, "the base register of a store must be s10 or sp");
#ifndef VERIFY_STORES_ONLY
    int32_t offset = immediate_i(word);
    bool from_gate_page = (word & 0x7f) == OP_LOAD && base == GP && offset >= 0 && offset <= 2040;
    if (!from_gate_page)
        return broken(2,
                      "the base register of a load must be s10 or sp, or gp with offset 0..2040");
#endif
    return none();
}

// Rules 3, 4, 5, 7 and 8: what may be written to the registers that confinement rests on. `word` is
// no jump: their links are checked by rule 6.
static struct offence check_reserved_write(const struct text *text, size_t index, uint32_t word)
{
    uint32_t next = index + 1 < text->count ? text->words[index + 1] : 0;
    uint32_t next_but_one = index + 2 < text->count ? text->words[index + 2] : 0;

    switch (field_rd(word)) {
    case GP:
    case TP: // rule 3
        return broken(3, "gp and tp are never written");
    case S10: // rule 4
        if ((word & ~RS1_FIELD) == ADD_UW(S10, 0, GP))
            return none();
        if ((word & 0x7f) == OP_AUIPC) {
            int64_t result = text->offset + (int64_t)index * 4 + (int32_t)(word & 0xfffff000u);
            if (result >= 0 && result < SLOT_BYTES)
                return none();
        }
        return broken(4, "s10 is written only by add.uw s10, rs, gp or an auipc into the slot");
    case S9: // rule 5
        if (word == ANDI_4(S9, S10))
            return none();
        if ((word & ~(0x7f8u << 20)) == (OP_LOAD | S9 << 7 | 3u << 12 | GP << 15))
            return none();
        return broken(5, "s9 is written only by andi s9, s10, -4 or ld s9, 8k(gp)");
    case RA: // rule 7
        if (word == ANDI_4(RA, RA) || word == ANDI_4(RA, S10))
            return none();
        if ((word & ~RS1_FIELD) == ADD_UW(RA, 0, GP) && next == ANDI_4(RA, RA))
            return none();
        if (next == ADD_UW(RA, RA, GP) && next_but_one == ANDI_4(RA, RA))
            return none();
        return broken(7, "ra must be confined by add.uw ra, ra, gp; andi ra, ra, -4 at once");
    case SP: // rule 8
        if ((word & ~RS1_FIELD) == ADD_UW(SP, 0, GP) || next == ADD_UW(SP, SP, GP))
            return none();
        return broken(8, "sp must be confined by add.uw sp, sp, gp at once");
    default:
        return none();
    }
}

// Rule 6: jumps and branches.
static inline struct offence check_target(const struct text *text, size_t index, int32_t distance)
{
    int64_t target = (int64_t)index * 4 + distance;
    if (target < 0 || target >= (int64_t)text->count * 4)
        return broken(6, "the target of a jump or branch must lie inside the text");
    if (target & 3)
        return broken(6, "the target of a jump or branch must be a multiple of 4");
    return none();
}

static inline struct offence check_link(uint32_t word)
{
    uint32_t rd = field_rd(word);
    if (rd != ZERO && rd != RA)
        return broken(6, "a jump links zero or ra");
    return none();
}

static struct offence check_jalr(uint32_t word)
{
    uint32_t base = field_rs1(word);
    if (base != RA && base != S9)
        return broken(6, "jalr must go through ra or s9");
    if (immediate_i(word) != 0)
        return broken(6, "jalr must have offset 0");
    return check_link(word);
}

static struct offence check_instruction(struct text *text, size_t index)
{
    static const struct offence unknown = {1, "not among the instructions that a domain may use"};
    uint32_t word = text->words[index];
    struct offence offence = none();

    switch (word & 0x7f) {
    case OP_LOAD: // lb lh lw ld lbu lhu lwu
        if (field_funct3(word) == 7)
            return unknown;
        offence = check_access(text, word, false);
        break;
    case OP_STORE: // sb sh sw sd
        if (field_funct3(word) > 3)
            return unknown;
        return check_access(text, word, true);
    case OP_AMO:
        if (!amo_known(word))
            return unknown;
        offence = check_access(text, word, word >> 27 != 2);
        break;
    case OP_IMM:
        if (!imm_known(word))
            return unknown;
        break;
    case OP_IMM_32:
        if (!imm_32_known(word))
            return unknown;
        break;
    case OP_REG:
        if (!(reg_known[field_funct7(word)] >> field_funct3(word) & 1))
            return unknown;
        break;
    case OP_REG_32: {
        bool is_pack = field_funct7(word) == 4 && field_funct3(word) == 4 && field_rs2(word) != 0;
        if (!(reg_32_known[field_funct7(word)] >> field_funct3(word) & 1) || is_pack)
            return unknown;
        break;
    }
    case OP_LUI:
    case OP_AUIPC:
        break;
    case OP_BRANCH: // beq bne blt bge bltu bgeu
        if ((field_funct3(word) & 6) == 2)
            return unknown;
        return check_target(text, index, immediate_branch(word));
    case OP_JAL:
        offence = check_link(word);
        return offence.why ? offence : check_target(text, index, immediate_jal(word));
    case OP_JALR:
        return field_funct3(word) ? unknown : check_jalr(word);
    case OP_FENCE:
        return fence_known(word) ? none() : unknown;
    case OP_SYSTEM:
        return word == EBREAK ? none() : unknown;
    default:
        return unknown;
    }

    // Most instructions write a register that nothing rests on.
    const uint32_t reserved = 1u << RA | 1u << SP | 1u << GP | 1u << TP | 1u << S9 | 1u << S10;
    if (offence.why || !(reserved >> field_rd(word) & 1))
        return offence;
    return check_reserved_write(text, index, word);
}

struct verify_result verify_text(const uint32_t *words, size_t count, uint64_t text_offset)
{
    struct text text = {.words = words, .count = count, .offset = (int64_t)text_offset};
    struct verify_result result = {.ok = true, .why = ""};

    size_t index = 0;
    for (; index < count; index++) {
        struct offence offence = check_instruction(&text, index);
        if (!offence.why)
            continue;
        result.ok = false;
        result.rule = offence.rule;
        result.why = offence.why;
        result.offset = text_offset + index * 4;
        result.word = words[index];
        break;
    }
    result.instructions = index;
    result.guarded_stores = text.guarded_stores;
    result.guarded_loads = text.guarded_loads;
    return result;
}
