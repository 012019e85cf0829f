// SPDX-License-Identifier: MIT
// Rule 2: loads, stores and atomics, and the addresses of symbols that they go through.
#include <stdlib.h>
#include <string.h>
#include "tools/sfi/rewriter.h"

static bool fits(long offset)
{
    return offset >= -2048 && offset <= 2047;
}

// A confined way to say offset(base): emits a guard if none serves, and prints the operand.
static void confine_memory(struct rewriter *r, const char *offset, int base, char *operand,
                           size_t size)
{
    const struct guard *guard = &r->guard;
    long number = 0;
    bool plain = !*offset || operand_number(offset, &number);

    if (base == REG_SP || base == REG_S10) {
        snprintf(operand, size, "%s(%s)", offset, register_name(base));
    } else if (plain && guard->near_stack[base] && fits(guard->stack_distance[base] + number)) {
        snprintf(operand, size, "%ld(sp)", guard->stack_distance[base] + number);
    } else if (plain && guard->near[base] && fits(guard->distance[base] + number)) {
        snprintf(operand, size, "%ld(s10)", guard->distance[base] + number);
    } else if (plain && number == 0 && guard->label && guard->label_register == base) {
        snprintf(operand, size, "%%pcrel_lo(.Lsfi%d)(s10)", guard->label);
    } else {
        guard_ensure(r, base);
        snprintf(operand, size, "%s(s10)", *offset ? offset : "0");
    }
}

static bool refused_offset(const char *offset)
{
    return strncmp(offset, "%lo", 3) == 0 || strncmp(offset, "%tprel", 6) == 0 ||
           strncmp(offset, "%gprel", 6) == 0;
}

// Loads and stores share their operands: register, offset(base) or register, symbol[, scratch].
bool confine_access(struct rewriter *r, const struct statement *statement)
{
    char operand[300];
    char *offset;
    int base;
    bool is_load = statement->class == CLASS_LOAD;
    int destination = is_load ? statement_destination(statement) : REG_NONE;

    if (statement->operand_count < 2 || register_number(statement->operands[0]) == REG_NONE) {
        statement_refuse(statement, "operands not understood (write them as in the manual)");
        return false;
    }
    if (operand_memory(statement->operands[1], &offset, &base)) {
        bool is_free = is_load && (r->options->stores_only || base == REG_GP);
        if (refused_offset(offset)) {
            statement_refuse(statement,
                             "absolute and thread-local addresses do not exist in a slot "
                             "(use -mcmodel=medany, no __thread)");
            return false;
        }
        if (is_free)
            snprintf(operand, sizeof operand, "%s", statement->operands[1]);
        else
            confine_memory(r, offset, base, operand, sizeof operand);
        free(offset);
    } else {
        long number;
        if (operand_number(statement->operands[1], &number)) {
            statement_refuse(statement, "an absolute address (use a symbol)");
            return false;
        }
        if (program_is_weak(r->program, statement->operands[1])) {
            int address = is_load ? destination : register_number(statement->operands[2]);
            emit(r, "lla\t%s,%s", register_name(address), statement->operands[1]);
            guard_written(&r->guard, address);
            confine_memory(r, "", address, operand, sizeof operand);
        } else if (is_load && r->options->stores_only) {
            snprintf(operand, sizeof operand, "%s", statement->operands[1]);
        } else {
            int label = guard_make_of_symbol(r, statement->operands[1], REG_NONE);
            snprintf(operand, sizeof operand, "%%pcrel_lo(.Lsfi%d)(s10)", label);
        }
    }
    emit(r, "%s\t%s,%s", statement->name, statement->operands[0], operand);
    confine_destination(r, destination);
    guard_written(&r->guard, destination);
    return true;
}

bool confine_atomic(struct rewriter *r, const struct statement *statement)
{
    char operand[300];
    char *offset;
    int base;
    long number;
    int last = statement->operand_count - 1;
    if (last < 1 || !operand_memory(statement->operands[last], &offset, &base) ||
        (*offset && (!operand_number(offset, &number) || number != 0))) {
        statement_refuse(statement, "operands not understood (an atomic takes (register))");
        return false;
    }
    if (base == REG_SP || base == REG_S10) {
        snprintf(operand, sizeof operand, "(%s)", register_name(base));
    } else {
        guard_ensure(r, base);
        snprintf(operand, sizeof operand, "(s10)");
    }
    if (last == 1)
        emit(r, "%s\t%s,%s", statement->name, statement->operands[0], operand);
    else
        emit(r, "%s\t%s,%s,%s", statement->name, statement->operands[0], statement->operands[1],
             operand);
    int destination = statement_destination(statement);
    confine_destination(r, destination);
    guard_written(&r->guard, destination);
    return true;
}

// The next access in this basic block, if it is exactly through the address that `number` holds:
// then the address is made through s10 and the access needs no guard of its own. 0: it is not.
static size_t next_access_through(const struct rewriter *r, int number)
{
    for (size_t i = r->index + 1; i < r->program->count && i < r->index + 12; i++) {
        const struct statement *next = &r->program->statements[i];
        char *offset;
        int base;
        if (begins_block(r, next))
            return 0;
        if (next->kind != STATEMENT_INSTRUCTION)
            continue;
        if (next->class > CLASS_BRANCH)
            return 0;
        if (next->class == CLASS_STORE || next->class == CLASS_LOAD) {
            if (next->operand_count < 2 || !operand_memory(next->operands[1], &offset, &base))
                return 0;
            bool here = base == number && (!*offset || strcmp(offset, "0") == 0);
            free(offset);
            if (here)
                return next->class == CLASS_STORE || !r->options->stores_only ? i : 0;
            if (base != REG_SP)
                return 0;
        }
        if (next->class == CLASS_ATOMIC || next->class == CLASS_ADDRESS ||
            statement_destination(next) == number)
            return 0;
    }
    return 0;
}

static bool reads(const struct statement *statement, int number)
{
    struct statement operands = *statement;
    if (statement_destination(statement) == number &&
        register_number(operands.operands[0]) == number)
        operands.operands[0] = "zero";
    return statement_mentions(&operands, number);
}

// Whether nothing but the base of the access at `through` reads the address in register `number`:
// the same basic block writes to it again.
static bool address_is_unread(const struct rewriter *r, int number, size_t through)
{
    for (size_t i = r->index + 1; i < r->program->count; i++) {
        const struct statement *next = &r->program->statements[i];
        if (begins_block(r, next))
            return false;
        if (next->kind != STATEMENT_INSTRUCTION)
            continue;
        if (next->class >= CLASS_BRANCH)
            return false;
        bool is_stored = i == through && next->class == CLASS_STORE &&
                         register_number(next->operands[0]) == number;
        if (is_stored || (i != through && reads(next, number)))
            return false;
        if (statement_destination(next) == number)
            return true;
    }
    return false;
}

bool confine_address(struct rewriter *r, const struct statement *statement)
{
    int destination = statement_destination(statement);
    if (statement->operand_count != 2) {
        statement_refuse(statement, "operands not understood (la register, symbol)");
        return false;
    }
    const char *symbol = statement->operands[1];
    bool weak = program_is_weak(r->program, symbol);
    bool scratch = destination == REG_RA || destination == REG_SP;
    size_t through = weak || scratch ? 0 : next_access_through(r, destination);
    if (!weak && (scratch || through)) {
        int label = guard_make_of_symbol(r, symbol, destination);
        if (through && address_is_unread(r, destination, through)) {
            r->guard.near_stack[destination] = false;
            return true; // the access goes through s10
        }
        emit(r, "addi\t%s,s10,%%pcrel_lo(.Lsfi%d)", register_name(destination), label);
        confine_destination(r, destination);
        if (scratch)
            guard_written(&r->guard, destination);
        else // only what is near the stack changes with it
            r->guard.near_stack[destination] = false;
        return true;
    }
    if (scratch) {
        statement_refuse(statement, "a weak symbol's address in ra or sp (use another register)");
        return false;
    }
    emit(r, "lla\t%s,%s", register_name(destination), symbol);
    guard_written(&r->guard, destination);
    return true;
}
