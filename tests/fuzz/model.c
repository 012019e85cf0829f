// SPDX-License-Identifier: MIT
#include "tests/fuzz/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum form {
    FORM_PLAIN, // writes rd and touches nothing else
    FORM_LOAD,
    FORM_STORE,
    FORM_ATOMIC,
    FORM_BRANCH,
    FORM_JAL,
    FORM_JALR,
    FORM_AUIPC,
    FORM_QUIET, // writes no register
};

struct encoding {
    enum form form;
    const char *mnemonic;
    const char *bits; // from bit 31 down; letters are operands, blanks only for the eye
};

// clang-format off
static const struct encoding encodings[] = {
    // RV64I ("RISC-V Unprivileged ISA", chapter of instruction set listings)
    {FORM_PLAIN, "lui", "iiiiiiiiiiiiiiiiiiii ddddd 0110111"},
    {FORM_AUIPC, "auipc", "iiiiiiiiiiiiiiiiiiii ddddd 0010111"},
    {FORM_JAL, "jal", "iiiiiiiiiiiiiiiiiiii ddddd 1101111"},
    {FORM_JALR, "jalr", "iiiiiiiiiiii sssss 000 ddddd 1100111"},
    {FORM_BRANCH, "beq", "iiiiiii ttttt sssss 000 iiiii 1100011"},
    {FORM_BRANCH, "bne", "iiiiiii ttttt sssss 001 iiiii 1100011"},
    {FORM_BRANCH, "blt", "iiiiiii ttttt sssss 100 iiiii 1100011"},
    {FORM_BRANCH, "bge", "iiiiiii ttttt sssss 101 iiiii 1100011"},
    {FORM_BRANCH, "bltu", "iiiiiii ttttt sssss 110 iiiii 1100011"},
    {FORM_BRANCH, "bgeu", "iiiiiii ttttt sssss 111 iiiii 1100011"},
    {FORM_LOAD, "lb", "iiiiiiiiiiii sssss 000 ddddd 0000011"},
    {FORM_LOAD, "lh", "iiiiiiiiiiii sssss 001 ddddd 0000011"},
    {FORM_LOAD, "lw", "iiiiiiiiiiii sssss 010 ddddd 0000011"},
    {FORM_LOAD, "ld", "iiiiiiiiiiii sssss 011 ddddd 0000011"},
    {FORM_LOAD, "lbu", "iiiiiiiiiiii sssss 100 ddddd 0000011"},
    {FORM_LOAD, "lhu", "iiiiiiiiiiii sssss 101 ddddd 0000011"},
    {FORM_LOAD, "lwu", "iiiiiiiiiiii sssss 110 ddddd 0000011"},
    {FORM_STORE, "sb", "iiiiiii ttttt sssss 000 iiiii 0100011"},
    {FORM_STORE, "sh", "iiiiiii ttttt sssss 001 iiiii 0100011"},
    {FORM_STORE, "sw", "iiiiiii ttttt sssss 010 iiiii 0100011"},
    {FORM_STORE, "sd", "iiiiiii ttttt sssss 011 iiiii 0100011"},
    {FORM_PLAIN, "addi", "iiiiiiiiiiii sssss 000 ddddd 0010011"},
    {FORM_PLAIN, "slti", "iiiiiiiiiiii sssss 010 ddddd 0010011"},
    {FORM_PLAIN, "sltiu", "iiiiiiiiiiii sssss 011 ddddd 0010011"},
    {FORM_PLAIN, "xori", "iiiiiiiiiiii sssss 100 ddddd 0010011"},
    {FORM_PLAIN, "ori", "iiiiiiiiiiii sssss 110 ddddd 0010011"},
    {FORM_PLAIN, "andi", "iiiiiiiiiiii sssss 111 ddddd 0010011"},
    {FORM_PLAIN, "slli", "000000 iiiiii sssss 001 ddddd 0010011"},
    {FORM_PLAIN, "srli", "000000 iiiiii sssss 101 ddddd 0010011"},
    {FORM_PLAIN, "srai", "010000 iiiiii sssss 101 ddddd 0010011"},
    {FORM_PLAIN, "add", "0000000 ttttt sssss 000 ddddd 0110011"},
    {FORM_PLAIN, "sub", "0100000 ttttt sssss 000 ddddd 0110011"},
    {FORM_PLAIN, "sll", "0000000 ttttt sssss 001 ddddd 0110011"},
    {FORM_PLAIN, "slt", "0000000 ttttt sssss 010 ddddd 0110011"},
    {FORM_PLAIN, "sltu", "0000000 ttttt sssss 011 ddddd 0110011"},
    {FORM_PLAIN, "xor", "0000000 ttttt sssss 100 ddddd 0110011"},
    {FORM_PLAIN, "srl", "0000000 ttttt sssss 101 ddddd 0110011"},
    {FORM_PLAIN, "sra", "0100000 ttttt sssss 101 ddddd 0110011"},
    {FORM_PLAIN, "or", "0000000 ttttt sssss 110 ddddd 0110011"},
    {FORM_PLAIN, "and", "0000000 ttttt sssss 111 ddddd 0110011"},
    {FORM_PLAIN, "addiw", "iiiiiiiiiiii sssss 000 ddddd 0011011"},
    {FORM_PLAIN, "slliw", "0000000 iiiii sssss 001 ddddd 0011011"},
    {FORM_PLAIN, "srliw", "0000000 iiiii sssss 101 ddddd 0011011"},
    {FORM_PLAIN, "sraiw", "0100000 iiiii sssss 101 ddddd 0011011"},
    {FORM_PLAIN, "addw", "0000000 ttttt sssss 000 ddddd 0111011"},
    {FORM_PLAIN, "subw", "0100000 ttttt sssss 000 ddddd 0111011"},
    {FORM_PLAIN, "sllw", "0000000 ttttt sssss 001 ddddd 0111011"},
    {FORM_PLAIN, "srlw", "0000000 ttttt sssss 101 ddddd 0111011"},
    {FORM_PLAIN, "sraw", "0100000 ttttt sssss 101 ddddd 0111011"},
    {FORM_QUIET, "fence", "0000 iiii iiii 00000 000 00000 0001111"},
    {FORM_QUIET, "fence.tso", "1000 0011 0011 00000 000 00000 0001111"},
    {FORM_QUIET, "ebreak", "000000000001 00000 000 00000 1110011"},
    // M
    {FORM_PLAIN, "mul", "0000001 ttttt sssss 000 ddddd 0110011"},
    {FORM_PLAIN, "mulh", "0000001 ttttt sssss 001 ddddd 0110011"},
    {FORM_PLAIN, "mulhsu", "0000001 ttttt sssss 010 ddddd 0110011"},
    {FORM_PLAIN, "mulhu", "0000001 ttttt sssss 011 ddddd 0110011"},
    {FORM_PLAIN, "div", "0000001 ttttt sssss 100 ddddd 0110011"},
    {FORM_PLAIN, "divu", "0000001 ttttt sssss 101 ddddd 0110011"},
    {FORM_PLAIN, "rem", "0000001 ttttt sssss 110 ddddd 0110011"},
    {FORM_PLAIN, "remu", "0000001 ttttt sssss 111 ddddd 0110011"},
    {FORM_PLAIN, "mulw", "0000001 ttttt sssss 000 ddddd 0111011"},
    {FORM_PLAIN, "divw", "0000001 ttttt sssss 100 ddddd 0111011"},
    {FORM_PLAIN, "divuw", "0000001 ttttt sssss 101 ddddd 0111011"},
    {FORM_PLAIN, "remw", "0000001 ttttt sssss 110 ddddd 0111011"},
    {FORM_PLAIN, "remuw", "0000001 ttttt sssss 111 ddddd 0111011"},
    // A; q and r are the ordering bits
    {FORM_ATOMIC, "lr.w", "00010 qr 00000 sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "sc.w", "00011 qr ttttt sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "amoswap.w", "00001 qr ttttt sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "amoadd.w", "00000 qr ttttt sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "amoxor.w", "00100 qr ttttt sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "amoand.w", "01100 qr ttttt sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "amoor.w", "01000 qr ttttt sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "amomin.w", "10000 qr ttttt sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "amomax.w", "10100 qr ttttt sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "amominu.w", "11000 qr ttttt sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "amomaxu.w", "11100 qr ttttt sssss 010 ddddd 0101111"},
    {FORM_ATOMIC, "lr.d", "00010 qr 00000 sssss 011 ddddd 0101111"},
    {FORM_ATOMIC, "sc.d", "00011 qr ttttt sssss 011 ddddd 0101111"},
    {FORM_ATOMIC, "amoswap.d", "00001 qr ttttt sssss 011 ddddd 0101111"},
    {FORM_ATOMIC, "amoadd.d", "00000 qr ttttt sssss 011 ddddd 0101111"},
    {FORM_ATOMIC, "amoxor.d", "00100 qr ttttt sssss 011 ddddd 0101111"},
    {FORM_ATOMIC, "amoand.d", "01100 qr ttttt sssss 011 ddddd 0101111"},
    {FORM_ATOMIC, "amoor.d", "01000 qr ttttt sssss 011 ddddd 0101111"},
    {FORM_ATOMIC, "amomin.d", "10000 qr ttttt sssss 011 ddddd 0101111"},
    {FORM_ATOMIC, "amomax.d", "10100 qr ttttt sssss 011 ddddd 0101111"},
    {FORM_ATOMIC, "amominu.d", "11000 qr ttttt sssss 011 ddddd 0101111"},
    {FORM_ATOMIC, "amomaxu.d", "11100 qr ttttt sssss 011 ddddd 0101111"},
    // Zba ("RISC-V Bit-Manipulation ISA extensions", 1.0)
    {FORM_PLAIN, "add.uw", "0000100 ttttt sssss 000 ddddd 0111011"},
    {FORM_PLAIN, "sh1add", "0010000 ttttt sssss 010 ddddd 0110011"},
    {FORM_PLAIN, "sh2add", "0010000 ttttt sssss 100 ddddd 0110011"},
    {FORM_PLAIN, "sh3add", "0010000 ttttt sssss 110 ddddd 0110011"},
    {FORM_PLAIN, "sh1add.uw", "0010000 ttttt sssss 010 ddddd 0111011"},
    {FORM_PLAIN, "sh2add.uw", "0010000 ttttt sssss 100 ddddd 0111011"},
    {FORM_PLAIN, "sh3add.uw", "0010000 ttttt sssss 110 ddddd 0111011"},
    {FORM_PLAIN, "slli.uw", "000010 iiiiii sssss 001 ddddd 0011011"},
    // Zbb
    {FORM_PLAIN, "andn", "0100000 ttttt sssss 111 ddddd 0110011"},
    {FORM_PLAIN, "orn", "0100000 ttttt sssss 110 ddddd 0110011"},
    {FORM_PLAIN, "xnor", "0100000 ttttt sssss 100 ddddd 0110011"},
    {FORM_PLAIN, "clz", "0110000 00000 sssss 001 ddddd 0010011"},
    {FORM_PLAIN, "ctz", "0110000 00001 sssss 001 ddddd 0010011"},
    {FORM_PLAIN, "cpop", "0110000 00010 sssss 001 ddddd 0010011"},
    {FORM_PLAIN, "sext.b", "0110000 00100 sssss 001 ddddd 0010011"},
    {FORM_PLAIN, "sext.h", "0110000 00101 sssss 001 ddddd 0010011"},
    {FORM_PLAIN, "clzw", "0110000 00000 sssss 001 ddddd 0011011"},
    {FORM_PLAIN, "ctzw", "0110000 00001 sssss 001 ddddd 0011011"},
    {FORM_PLAIN, "cpopw", "0110000 00010 sssss 001 ddddd 0011011"},
    {FORM_PLAIN, "zext.h", "0000100 00000 sssss 100 ddddd 0111011"},
    {FORM_PLAIN, "min", "0000101 ttttt sssss 100 ddddd 0110011"},
    {FORM_PLAIN, "minu", "0000101 ttttt sssss 101 ddddd 0110011"},
    {FORM_PLAIN, "max", "0000101 ttttt sssss 110 ddddd 0110011"},
    {FORM_PLAIN, "maxu", "0000101 ttttt sssss 111 ddddd 0110011"},
    {FORM_PLAIN, "rol", "0110000 ttttt sssss 001 ddddd 0110011"},
    {FORM_PLAIN, "ror", "0110000 ttttt sssss 101 ddddd 0110011"},
    {FORM_PLAIN, "rolw", "0110000 ttttt sssss 001 ddddd 0111011"},
    {FORM_PLAIN, "rorw", "0110000 ttttt sssss 101 ddddd 0111011"},
    {FORM_PLAIN, "rori", "011000 iiiiii sssss 101 ddddd 0010011"},
    {FORM_PLAIN, "roriw", "0110000 iiiii sssss 101 ddddd 0011011"},
    {FORM_PLAIN, "orc.b", "001010000111 sssss 101 ddddd 0010011"},
    {FORM_PLAIN, "rev8", "011010111000 sssss 101 ddddd 0010011"},
};
// clang-format on

#define ENCODINGS (sizeof encodings / sizeof encodings[0])

struct pattern {
    uint32_t fixed, value;
    enum form form;
    const char *mnemonic;
};

// Patterns by bits 14..12 and 6..0 of the words that they can match; each bucket ends with NULL.
#define BUCKETS 1024
#define DEEPEST 24
static struct pattern patterns[ENCODINGS];
static const struct pattern *buckets[BUCKETS][DEEPEST + 1];

static const struct pattern *add_uw, *andi, *ld;

static uint32_t bucket_of(uint32_t word)
{
    return (word >> 12 & 7) << 7 | (word & 0x7f);
}

static struct pattern pattern_read(const struct encoding *encoding)
{
    struct pattern pattern = {.form = encoding->form, .mnemonic = encoding->mnemonic};
    int places = 0;
    for (const char *bit = encoding->bits; *bit; bit++) {
        if (*bit == ' ')
            continue;
        places++;
        pattern.fixed = pattern.fixed << 1 | (*bit == '0' || *bit == '1');
        pattern.value = pattern.value << 1 | (*bit == '1');
    }
    if (places != 32) {
        fprintf(stderr, "model: %s has %d bits\n", encoding->mnemonic, places);
        exit(2);
    }
    return pattern;
}

static void bucket_add(uint32_t bucket, const struct pattern *pattern)
{
    size_t place = 0;
    while (buckets[bucket][place])
        place++;
    if (place == DEEPEST) {
        fprintf(stderr, "model: too many instructions like %s\n", pattern->mnemonic);
        exit(2);
    }
    buckets[bucket][place] = pattern;
}

void model_prepare(void)
{
    for (size_t i = 0; i < ENCODINGS; i++) {
        struct pattern *pattern = &patterns[i];
        *pattern = pattern_read(&encodings[i]);
        for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) {
            uint32_t example = (bucket >> 7) << 12 | (bucket & 0x7f);
            uint32_t looked_at = pattern->fixed & (7u << 12 | 0x7f);
            if ((example & looked_at) == (pattern->value & looked_at))
                bucket_add(bucket, pattern);
        }
        if (!strcmp(pattern->mnemonic, "add.uw"))
            add_uw = pattern;
        else if (!strcmp(pattern->mnemonic, "andi"))
            andi = pattern;
        else if (!strcmp(pattern->mnemonic, "ld"))
            ld = pattern;
    }
}

static const struct pattern *pattern_find(uint32_t word)
{
    for (const struct pattern **at = buckets[bucket_of(word)]; *at; at++) {
        if ((word & (*at)->fixed) == (*at)->value)
            return *at;
    }
    return NULL;
}

const char *model_mnemonic(uint32_t word)
{
    const struct pattern *pattern = pattern_find(word);
    return pattern ? pattern->mnemonic : NULL;
}

enum { x0, ra, sp, gp, tp, s9 = 25, s10 = 26 };

// `count` bits from `low` up.
static int64_t bits(uint32_t word, int low, int count)
{
    return (int64_t)(word >> low) % ((int64_t)1 << count);
}

static int64_t signed_value(int64_t value, int width)
{
    return value >= (int64_t)1 << (width - 1) ? value - ((int64_t)1 << width) : value;
}

static int64_t rd(uint32_t word)
{
    return bits(word, 7, 5);
}

static int64_t rs1(uint32_t word)
{
    return bits(word, 15, 5);
}

static int64_t rs2(uint32_t word)
{
    return bits(word, 20, 5);
}

static int64_t immediate_12(uint32_t word)
{
    return signed_value(bits(word, 20, 12), 12);
}

static int64_t branch_distance(uint32_t word)
{
    int64_t value = bits(word, 8, 4) * 2 + bits(word, 25, 6) * 32 + bits(word, 7, 1) * 2048 +
                    bits(word, 31, 1) * 4096;
    return signed_value(value, 13);
}

static int64_t jal_distance(uint32_t word)
{
    int64_t value = bits(word, 21, 10) * 2 + bits(word, 20, 1) * 2048 + bits(word, 12, 8) * 4096 +
                    bits(word, 31, 1) * 1048576;
    return signed_value(value, 21);
}

static bool is_add_uw_gp(uint32_t word, int64_t destination)
{
    return pattern_find(word) == add_uw && rd(word) == destination && rs2(word) == gp;
}

static bool is_add_uw_itself(uint32_t word, int64_t which)
{
    return is_add_uw_gp(word, which) && rs1(word) == which;
}

static bool is_aligning(uint32_t word, int64_t destination, int64_t source)
{
    return pattern_find(word) == andi && rd(word) == destination && rs1(word) == source &&
           immediate_12(word) == -4;
}

// Rule 2.
static bool access_is_confined(enum form form, uint32_t word)
{
    if (rs1(word) == s10 || rs1(word) == sp)
        return true;
    return form == FORM_LOAD && rs1(word) == gp && immediate_12(word) >= 0 &&
           immediate_12(word) <= 2040;
}

// Rule 6, for jal and branches.
static bool target_is_inside(size_t index, size_t count, int64_t distance)
{
    int64_t target = 4 * (int64_t)index + distance;
    return target >= 0 && target / 4 < (int64_t)count && target % 4 == 0;
}

// Rules 3, 4, 5, 7 and 8. What lies behind the end of the text is no instruction: 0.
static bool write_is_confined(const struct pattern *pattern, uint32_t word, uint32_t second,
                              uint32_t third, int64_t address)
{
    int64_t upper = signed_value(bits(word, 12, 20), 20) * 4096;
    switch (rd(word)) {
    case gp:
    case tp:
        return false;
    case s10:
        if (pattern->form == FORM_AUIPC)
            return address + upper >= 0 && address + upper <= UINT32_MAX;
        return is_add_uw_gp(word, s10);
    case s9:
        return is_aligning(word, s9, s10) ||
               (pattern == ld && rs1(word) == gp && immediate_12(word) % 8 == 0);
    case ra:
        return is_aligning(word, ra, ra) || is_aligning(word, ra, s10) ||
               (is_add_uw_gp(word, ra) && is_aligning(second, ra, ra)) ||
               (is_add_uw_itself(second, ra) && is_aligning(third, ra, ra));
    case sp:
        return is_add_uw_gp(word, sp) || is_add_uw_itself(second, sp);
    default:
        return true;
    }
}

bool model_accepts(const uint32_t *words, size_t count, uint64_t text_offset, size_t index)
{
    uint32_t word = words[index];
    const struct pattern *pattern = pattern_find(word); // rule 1
    if (!pattern)
        return false;
    switch (pattern->form) {
    case FORM_QUIET:
        return true;
    case FORM_BRANCH:
        return target_is_inside(index, count, branch_distance(word));
    case FORM_JAL:
        return (rd(word) == x0 || rd(word) == ra) &&
               target_is_inside(index, count, jal_distance(word));
    case FORM_JALR:
        return (rd(word) == x0 || rd(word) == ra) && (rs1(word) == ra || rs1(word) == s9) &&
               immediate_12(word) == 0;
    case FORM_STORE:
        return access_is_confined(FORM_STORE, word);
    case FORM_LOAD:
    case FORM_ATOMIC:
        if (!access_is_confined(pattern->form, word))
            return false;
        break;
    default:
        break;
    }
    uint32_t second = count - index > 1 ? words[index + 1] : 0;
    uint32_t third = count - index > 2 ? words[index + 2] : 0;
    return write_is_confined(pattern, word, second, third,
                             (int64_t)text_offset + 4 * (int64_t)index);
}

size_t model_first_refused(const uint32_t *words, size_t count, uint64_t text_offset, size_t from,
                           size_t to)
{
    while (from < to && model_accepts(words, count, text_offset, from))
        from++;
    return from;
}
