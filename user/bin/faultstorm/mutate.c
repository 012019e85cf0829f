// SPDX-License-Identifier: MIT
#include "mutate.h"

#include <stddef.h>

enum { RA = 1, SP = 2, GP = 3, TP = 4, T0 = 5, T1 = 6, A0 = 10, A7 = 17, S9 = 25, S10 = 26 };
enum {
    OP_LOAD = 0x03,
    OP_IMMEDIATE = 0x13,
    OP_IMMEDIATE_32 = 0x1b,
    OP_STORE = 0x23,
    OP_REGISTER = 0x33,
    OP_REGISTER_32 = 0x3b,
    OP_BRANCH = 0x63,
    OP_JALR = 0x67,
    OP_JAL = 0x6f
};

#define NOP        0x00000013
#define LOOK_BACK  6 /* from a call to what sets its arguments */
#define ENTRY_LAST 96

static uint32_t opcode_of(uint32_t word)
{
    return word & 0x7f;
}

static uint32_t target_of(uint32_t word)
{
    return word >> 7 & 31;
}

static uint32_t function_of(uint32_t word)
{
    return word >> 12 & 7;
}

static uint32_t first_of(uint32_t word)
{
    return word >> 15 & 31;
}

static uint32_t second_of(uint32_t word)
{
    return word >> 20 & 31;
}

static uint32_t with_first(uint32_t word, uint32_t number)
{
    return (word & ~(31u << 15)) | number << 15;
}

static uint32_t with_second(uint32_t word, uint32_t number)
{
    return (word & ~(31u << 20)) | number << 20;
}

static int32_t immediate_of(uint32_t word)
{
    return (int32_t)word >> 20;
}

static uint32_t with_immediate(uint32_t word, int32_t value)
{
    return (word & 0xfffff) | (uint32_t)value << 20;
}

/* Any but zero and those that the confinement is made of. */
static uint32_t some_register(uint64_t random)
{
    return T0 + (uint32_t)(random % (S9 - T0));
}

static bool is_operation(uint32_t word)
{
    uint32_t opcode = opcode_of(word), target = target_of(word);
    bool kind = opcode == OP_IMMEDIATE || opcode == OP_IMMEDIATE_32 || opcode == OP_REGISTER ||
                opcode == OP_REGISTER_32;
    return kind && target >= T0 && target != S9 && target != S10;
}

static bool is_guard(uint32_t word)
{
    return opcode_of(word) == OP_REGISTER_32 && second_of(word) == GP && function_of(word) == 0;
}

static uint32_t change_operand(uint32_t word, uint64_t random)
{
    bool immediate = opcode_of(word) == OP_IMMEDIATE || opcode_of(word) == OP_IMMEDIATE_32;
    if (immediate && random & 1 && function_of(word) != 1 && function_of(word) != 5)
        return word ^ 1u << (20 + (random >> 8) % 12);
    if (immediate || random & 2)
        return with_first(word, some_register(random >> 8));
    return with_second(word, some_register(random >> 8));
}

static uint32_t change_pointer(uint32_t word, uint64_t random)
{
    if (is_guard(word))
        return with_first(word, some_register(random >> 8));
    return word ^
           1u << (opcode_of(word) == OP_LOAD ? 20 + (random >> 8) % 11 : 25 + (random >> 8) % 6);
}

/* a < b becomes a <= b, and the other way round; or a step is one more. */
static uint32_t change_loop(uint32_t word, uint64_t random)
{
    if (opcode_of(word) != OP_BRANCH)
        return with_immediate(word, immediate_of(word) + (random & 1 ? 1 : -1));
    uint32_t first = first_of(word), second = second_of(word);
    return with_first(with_second(word ^ 1u << 12, first), second);
}

static uint32_t change_stack(uint32_t word, uint64_t random)
{
    if (target_of(word) == SP && opcode_of(word) == OP_IMMEDIATE)
        return with_immediate(word, immediate_of(word) + 8 * (1 + (int32_t)(random >> 8) % 32));
    return word ^
           1u << (26 + (random >> 8) % 5); /* the same bits of a load's and a store's offset */
}

static uint32_t change_argument(uint32_t word, uint64_t random)
{
    if (opcode_of(word) == OP_LOAD) /* ld s9, 8 * entry(gp) */
        return with_immediate(word, 8 * (int32_t)((random >> 8) % (ENTRY_LAST + 1)));
    return change_operand(word, random);
}

static bool is_call(uint32_t word)
{
    return (opcode_of(word) == OP_JAL || opcode_of(word) == OP_JALR) && target_of(word) == RA;
}

static bool is_argument(const uint32_t *words, uint32_t count, uint32_t place)
{
    uint32_t word = words[place], target = target_of(word);
    if (opcode_of(word) == OP_LOAD)
        return target == S9 && first_of(word) == GP;
    if (!is_operation(word) || !((target >= A0 && target <= A7) || target == T0 || target == T1))
        return false;
    for (uint32_t next = place + 1; next < count && next <= place + LOOK_BACK; next++)
        if (is_call(words[next]))
            return true;
    return false;
}

static bool is_access(uint32_t word, uint32_t base)
{
    uint32_t opcode = opcode_of(word);
    return (opcode == OP_LOAD || opcode == OP_STORE) && first_of(word) == base;
}

static bool fits(const uint32_t *words, uint32_t count, uint32_t place, enum mutation kind)
{
    uint32_t word = words[place];
    switch (kind) {
    case MUTATION_operand:
        return is_operation(word);
    case MUTATION_drop:
        return word != NOP && !is_call(word);
    case MUTATION_branch:
        return opcode_of(word) == OP_BRANCH;
    case MUTATION_pointer:
        return (is_guard(word) && target_of(word) == S10) || is_access(word, S10);
    case MUTATION_loop:
        return (opcode_of(word) == OP_BRANCH && function_of(word) >= 4) ||
               (opcode_of(word) == OP_IMMEDIATE && function_of(word) == 0 && is_operation(word) &&
                first_of(word) == target_of(word));
    case MUTATION_stack:
        return (opcode_of(word) == OP_IMMEDIATE && target_of(word) == SP) || is_access(word, SP);
    case MUTATION_argument:
        return is_argument(words, count, place);
    default:
        return false;
    }
}

static uint32_t change(uint32_t word, enum mutation kind, uint64_t random)
{
    switch (kind) {
    case MUTATION_operand:
        return change_operand(word, random);
    case MUTATION_branch:
        return word ^ 1u << 12;
    case MUTATION_pointer:
        return change_pointer(word, random);
    case MUTATION_loop:
        return change_loop(word, random);
    case MUTATION_stack:
        return change_stack(word, random);
    case MUTATION_argument:
        return change_argument(word, random);
    default:
        return NOP;
    }
}

long mutate(uint32_t *words, uint32_t count, enum mutation kind, uint64_t random, uint32_t *old)
{
    uint32_t start = (uint32_t)(random >> 32) % count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = (start + i) % count;
        uint32_t changed = change(words[place], kind, random);
        if (!fits(words, count, place, kind) || changed == words[place])
            continue;
        *old = words[place];
        words[place] = changed;
        return (long)place;
    }
    return -1;
}
