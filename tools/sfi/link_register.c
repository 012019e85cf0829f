// SPDX-License-Identifier: MIT
// What gcc keeps in ra. Confined text may only hold return addresses there, but once a function has
// saved ra, gcc takes it for one more scratch register. No option forbids that, so such a file is
// compiled a second time with t6 left free, and here t6 takes the place of ra wherever ra holds
// data. Both die at a call, so the two fit the same places.
//
// .cfi_restore 1 behind a load tells that it brings back the return address; every other write to
// ra that is no link is data.
#include "tools/sfi/sfi.h"

#include <stdlib.h>
#include <string.h>

int statement_destination(const struct statement *statement)
{
    if (statement->kind != STATEMENT_INSTRUCTION)
        return REG_NONE;
    switch (statement->class) {
    case CLASS_COMPUTE:
    case CLASS_MOVE:
    case CLASS_ADDI:
    case CLASS_LI:
    case CLASS_ADDRESS:
    case CLASS_AUIPC:
    case CLASS_LOAD:
    case CLASS_ATOMIC:
        return statement->operand_count ? register_number(statement->operands[0]) : REG_NONE;
    case CLASS_CALL:
        return REG_RA;
    case CLASS_JAL:
    case CLASS_JALR: {
        int first = statement->operand_count > 1 ? register_number(statement->operands[0]) : REG_RA;
        return first == REG_NONE ? REG_RA : first;
    }
    default:
        return REG_NONE;
    }
}

static bool is_link(const struct statement *statement)
{
    return statement->class == CLASS_CALL || statement->class == CLASS_JAL ||
           statement->class == CLASS_JALR;
}

// Whether the statement is the load that an epilogue does.
static bool restores_link(const struct program *program, size_t index)
{
    if (program->statements[index].class != CLASS_LOAD)
        return false;
    for (index++; index < program->count; index++) {
        const struct statement *next = &program->statements[index];
        if (next->kind == STATEMENT_INSTRUCTION)
            return false;
        if (next->kind == STATEMENT_DIRECTIVE && strcmp(next->name, ".cfi_restore") == 0 &&
            strcmp(next->arguments, "1") == 0)
            return true;
    }
    return false;
}

static bool writes_data(const struct program *program, size_t index)
{
    const struct statement *statement = &program->statements[index];
    return statement_destination(statement) == REG_RA && !is_link(statement) &&
           !restores_link(program, index);
}

static void operand_move(char **operand)
{
    char *offset;
    int base;
    if (register_number(*operand) == REG_RA) {
        *operand = strdup("t6");
    } else if (operand_memory(*operand, &offset, &base) && base == REG_RA) {
        size_t size = strlen(offset) + sizeof "(t6)";
        *operand = malloc(size);
        snprintf(*operand, size, "%s(t6)", offset);
    }
}

bool statement_mentions(const struct statement *statement, int number)
{
    char *offset;
    int base;
    for (int i = 0; i < statement->operand_count; i++) {
        if (register_number(statement->operands[i]) == number ||
            (operand_memory(statement->operands[i], &offset, &base) && base == number))
            return true;
    }
    return false;
}

// Within one function, in the order of its text: the prologue comes first (the file was compiled
// without shrink wrapping), and from the first data on, what reads ra means the data, until a jump.
static bool function_move(struct program *program, size_t first, size_t last)
{
    bool data_seen = false, data_here = false, saved = false; // here: in this basic block
    size_t restores_found = 0, restores_told = 0;
    for (size_t i = first; i < last; i++) {
        struct statement *statement = &program->statements[i];
        if (statement->kind == STATEMENT_DIRECTIVE && strcmp(statement->name, ".cfi_restore") == 0)
            restores_told += strcmp(statement->arguments, "1") == 0;
        if (statement->kind != STATEMENT_INSTRUCTION) {
            data_here = data_here && statement->kind != STATEMENT_LABEL;
            continue;
        }
        if (statement_mentions(statement, REG_T6)) {
            statement_refuse(statement, "uses t6, which this file needs in place of ra "
                                        "(write the inline assembly without t6)");
            return false;
        }
        if (is_link(statement) || statement->class == CLASS_JR) { // also calls through a pointer
            if (statement->operand_count && (data_here || (data_seen && is_link(statement))))
                operand_move(&statement->operands[statement->operand_count - 1]);
            data_here = false;
            continue;
        }
        if (!statement_mentions(statement, REG_RA))
            continue;
        if (restores_link(program, i)) {
            data_here = false;
            restores_found++;
            continue;
        }
        bool writes = writes_data(program, i);
        bool is_save = !saved && statement->class == CLASS_STORE &&
                       register_number(statement->operands[0]) == REG_RA;
        if (is_save && !data_seen) {
            saved = true;
            continue;
        }
        // Operands that are read are still the return address if no data has come yet.
        for (int operand = data_seen ? 0 : (writes ? 0 : statement->operand_count);
             operand < (data_seen ? statement->operand_count : (writes ? 1 : 0)); operand++)
            operand_move(&statement->operands[operand]);
        data_seen |= writes;
        data_here |= writes;
    }
    if (data_seen && restores_found != restores_told) {
        statement_refuse(&program->statements[first],
                         "cannot tell return addresses from data in ra (compile with -O1)");
        return false;
    }
    return true;
}

enum sfi_status link_register_free(struct program *program, const struct sfi_options *options)
{
    size_t first = 0;
    bool data = false;
    if (!options->compiled)
        return SFI_OK;
    for (size_t i = 0; i < program->count; i++) {
        const struct statement *statement = &program->statements[i];
        if (statement->kind == STATEMENT_DIRECTIVE) {
            if (strcmp(statement->name, ".cfi_startproc") == 0) {
                first = i;
                data = false;
            } else if (strcmp(statement->name, ".cfi_endproc") == 0 && data) {
                if (!options->move_data)
                    return SFI_DATA_IN_LINK;
                if (!function_move(program, first, i))
                    return SFI_REFUSED;
            }
        }
        data = data || writes_data(program, i);
    }
    return SFI_OK;
}
