// SPDX-License-Identifier: MIT
// The instructions that domains may use, by name: RV64IMA, Zba, Zbb and the assembler's shorthands.
#include "tools/sfi/sfi.h"

#include <string.h>

static const struct {
    enum instruction_class class;
    const char *names; // each with a space on both sides
} classes[] = {
    {CLASS_COMPUTE,
     " lui add sub sll slt sltu xor srl sra or and slti sltiu xori ori andi slli srli srai addiw "
     "slliw "
     "srliw sraiw addw subw sllw srlw sraw mul mulh mulhsu mulhu div divu rem remu mulw divw divuw "
     "remw remuw add.uw sh1add sh2add sh3add sh1add.uw sh2add.uw sh3add.uw slli.uw andn orn xnor "
     "clz "
     "clzw ctz ctzw cpop cpopw max maxu min minu sext.b sext.h zext.h rol rolw ror rori roriw rorw "
     "orc.b rev8 not neg negw sext.w zext.b zext.w seqz snez sltz sgtz sgt sgtu "},
    {CLASS_MOVE, " mv move "},
    {CLASS_ADDI, " addi "},
    {CLASS_LI, " li "},
    {CLASS_ADDRESS, " la lla "},
    {CLASS_AUIPC, " auipc "},
    {CLASS_LOAD, " lb lh lw ld lbu lhu lwu "},
    {CLASS_STORE, " sb sh sw sd "},
    {CLASS_ATOMIC, " lr sc amoswap amoadd amoxor amoand amoor amomin amomax amominu amomaxu "},
    {CLASS_BRANCH, " beq bne blt bge bltu bgeu bgt ble bgtu bleu beqz bnez blez bgez bltz bgtz "},
    {CLASS_JUMP, " j tail "},
    {CLASS_CALL, " call "},
    {CLASS_JAL, " jal "},
    {CLASS_JALR, " jalr "},
    {CLASS_JR, " jr "},
    {CLASS_RET, " ret "},
    {CLASS_PLAIN, " nop fence fence.tso pause ebreak "},
};

static bool listed(const char *names, const char *name, size_t length)
{
    for (const char *found = names; (found = strstr(found, name)); found++) {
        if (found[-1] == ' ' && found[length] == ' ')
            return true;
    }
    return false;
}

// amoadd.w.aqrl and the like: name, width, ordering.
static bool atomic_suffix(const char *suffix)
{
    static const char suffixes[] = " .w .d .w.aq .d.aq .w.rl .d.rl .w.aqrl .d.aqrl ";
    return listed(suffixes, suffix, strlen(suffix));
}

bool mnemonic_class(const char *name, enum instruction_class *class)
{
    char base[16];
    size_t length = strlen(name);
    const char *dot = strchr(name, '.');
    if (!length || length >= sizeof base || strchr(name, ' '))
        return false;

    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        *class = classes[i].class;
        if (*class == CLASS_ATOMIC) {
            if (!dot || !atomic_suffix(dot))
                continue;
            memcpy(base, name, (size_t)(dot - name));
            base[dot - name] = 0;
            if (listed(classes[i].names, base, (size_t)(dot - name)))
                return true;
        } else if (listed(classes[i].names, name, length)) {
            return true;
        }
    }
    return false;
}
