// SPDX-License-Identifier: MIT
// Stack frames that nobody uses. gcc moves sp down and up again in functions that return a
// structure in registers, though nothing is there, and each move has a guard. They are dropped here
// where sp is read by nothing else of the function.
#include <string.h>
#include "tools/sfi/sfi.h"

static bool is_instruction(const struct statement *statement)
{
    return statement->kind == STATEMENT_INSTRUCTION;
}

// addi sp, sp, number
static bool moves_stack(const struct statement *statement)
{
    long number;
    return is_instruction(statement) && statement->class == CLASS_ADDI &&
           statement->operand_count == 3 && register_number(statement->operands[0]) == REG_SP &&
           register_number(statement->operands[1]) == REG_SP &&
           operand_number(statement->operands[2], &number);
}

static bool is_unused(const struct program *program, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        const struct statement *statement = &program->statements[i];
        if (is_instruction(statement) && !moves_stack(statement) &&
            statement_mentions(statement, REG_SP))
            return false;
    }
    return true;
}

static void frame_drop(struct program *program, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        struct statement *statement = &program->statements[i];
        bool tells = statement->kind == STATEMENT_DIRECTIVE &&
                     strcmp(statement->name, ".cfi_def_cfa_offset") == 0;
        if (moves_stack(statement) || tells)
            statement->kind = STATEMENT_DROPPED;
    }
}

void stack_frames_drop(struct program *program, const struct sfi_options *options)
{
    size_t first = 0;
    for (size_t i = 0; options->compiled && i < program->count; i++) {
        const struct statement *statement = &program->statements[i];
        if (statement->kind != STATEMENT_DIRECTIVE)
            continue;
        if (strcmp(statement->name, ".cfi_startproc") == 0)
            first = i;
        else if (strcmp(statement->name, ".cfi_endproc") == 0 && is_unused(program, first, i))
            frame_drop(program, first, i);
    }
}
