// SPDX-License-Identifier: MIT
// Writes a program out confined: the guards that rules 2 and 4 to 8 of docs/abi.md ask for.
#include <string.h>
#include "tools/sfi/rewriter.h"

// Instructions without memory. Those that are guards themselves may stand in hand-written code.
static bool confine_compute(struct rewriter *r, const struct statement *statement)
{
    int destination = statement_destination(statement);
    int source = statement->operand_count > 1 ? register_number(statement->operands[1]) : REG_NONE;
    long immediate;
    bool is_add_uw = strcmp(statement->name, "add.uw") == 0 && statement->operand_count == 3 &&
                     register_number(statement->operands[2]) == REG_GP;
    bool masks = strcmp(statement->name, "andi") == 0 && statement->operand_count == 3 &&
                 operand_number(statement->operands[2], &immediate) && immediate == -4;

    if (statement->operand_count < 2 || destination == REG_NONE) {
        statement_refuse(statement, "operands not understood (the first must be a register)");
        return false;
    }
    if (statement->class == CLASS_LI && (destination == REG_RA || destination == REG_SP)) {
        statement_refuse(statement, "a number in ra or sp (load it into another register first)");
        return false;
    }
    if (statement->class == CLASS_MOVE && (destination == REG_SP)) {
        emit(r, "add.uw\tsp,%s,gp", statement->operands[1]);
        guard_written(&r->guard, REG_SP);
        return true;
    }
    emit_statement(r, statement);
    if (is_add_uw && destination == REG_SP) {
        guard_written(&r->guard, REG_SP);
        return true;
    }
    if (!(masks && destination == REG_RA && (source == REG_RA || source == REG_S10)))
        confine_destination(r, destination);

    if (destination == REG_RA) // no longer what was computed
        guard_written(&r->guard, REG_RA);
    else if (statement->class == CLASS_MOVE && source != REG_NONE)
        guard_added(&r->guard, destination, source, 0);
    else if (statement->class == CLASS_ADDI && source != REG_NONE &&
             statement->operand_count == 3 && operand_number(statement->operands[2], &immediate))
        guard_added(&r->guard, destination, source, immediate);
    else
        guard_written(&r->guard, destination);
    if (destination == REG_S10 && is_add_uw && source != REG_NONE)
        guard_made(&r->guard, source);
    return true;
}

// gp, tp, s9 and s10 are not the program's to write, but for guards that it brings itself.
static bool reserved_write_refused(const struct statement *statement)
{
    int destination = statement_destination(statement);
    if (destination == REG_GP || destination == REG_TP) {
        statement_refuse(statement, "%s holds what confinement rests on (use another register)",
                         register_name(destination));
        return true;
    }
    bool own = false;
    if (destination == REG_S10)
        own = (strcmp(statement->name, "add.uw") == 0 && statement->operand_count == 3 &&
               register_number(statement->operands[2]) == REG_GP) ||
              statement->class == CLASS_AUIPC;
    if (destination == REG_S9)
        own = (strcmp(statement->name, "andi") == 0 && statement->operand_count == 3 &&
               register_number(statement->operands[1]) == REG_S10) ||
              (strcmp(statement->name, "ld") == 0 && strstr(statement->arguments, "(gp)"));
    if ((destination == REG_S10 || destination == REG_S9) && !own) {
        statement_refuse(statement, "%s belongs to the guards (use another register)",
                         register_name(destination));
        return true;
    }
    return false;
}

static bool confine_instruction(struct rewriter *r, const struct statement *statement)
{
    if (!r->in_text) {
        statement_refuse(statement, "an instruction outside executable sections");
        return false;
    }
    if (reserved_write_refused(statement))
        return false;
    switch (statement->class) {
    case CLASS_COMPUTE:
    case CLASS_MOVE:
    case CLASS_ADDI:
    case CLASS_LI:
    case CLASS_AUIPC:
        return confine_compute(r, statement);
    case CLASS_ADDRESS:
        return confine_address(r, statement);
    case CLASS_LOAD:
    case CLASS_STORE:
        return confine_access(r, statement);
    case CLASS_ATOMIC:
        return confine_atomic(r, statement);
    case CLASS_JALR:
    case CLASS_JR:
        return confine_indirect(r, statement);
    case CLASS_JUMP:
    case CLASS_CALL:
    case CLASS_JAL:
        return confine_direct(r, statement);
    case CLASS_RET:
        guard_forget_all(&r->guard);
        break;
    case CLASS_BRANCH:
    case CLASS_PLAIN:
        break;
    }
    emit_statement(r, statement);
    return true;
}

static void label_emit(struct rewriter *r, const struct statement *statement)
{
    fprintf(r->out, "%s:\n", statement->name);
    if (begins_block(r, statement))
        guard_forget_all(&r->guard);
}

static bool classify(struct program *program)
{
    static const char hides[] = " .macro .rept .irp .irpc .include .insn .altmacro ";
    bool good = true;
    for (size_t i = 0; i < program->count; i++) {
        struct statement *statement = &program->statements[i];
        if (statement->kind == STATEMENT_DIRECTIVE && one_of(statement->name, hides)) {
            statement_refuse(statement,
                             "%s hides instructions from the rewriter (use the C "
                             "preprocessor, and names of instructions)",
                             statement->name);
            return false;
        }
        if (statement->kind == STATEMENT_INSTRUCTION &&
            !mnemonic_class(statement->name, &statement->class)) {
            statement_refuse(statement, "not among the instructions that a domain may use");
            good = false;
        }
    }
    return good;
}

static bool has_line_tables(const struct program *program)
{
    for (size_t i = 0; i < program->count; i++) {
        if (program->statements[i].kind == STATEMENT_DIRECTIVE &&
            strcmp(program->statements[i].name, ".loc") == 0)
            return true;
    }
    return false;
}

enum sfi_status sfi_confine(const char *path, FILE *out, const struct sfi_options *options)
{
    struct program program = program_read(path);
    if (!classify(&program))
        return SFI_REFUSED;
    enum sfi_status status = link_register_free(&program, options);
    if (status != SFI_OK)
        return status;

    stack_frames_drop(&program, options);
    struct rewriter r = {.program = &program, .options = options, .out = out, .in_text = true};
    guard_forget_all(&r.guard);
    r.line_tables = options->compiled && has_line_tables(&program);
    if (r.line_tables)
        emit(&r, ".cfi_sections .debug_frame");
    for (r.index = 0; r.index < program.count; r.index++) {
        const struct statement *statement = &program.statements[r.index];
        bool done = true;
        if (statement->kind == STATEMENT_LABEL)
            label_emit(&r, statement);
        else if (statement->kind == STATEMENT_DIRECTIVE)
            done = confine_directive(&r, statement);
        else if (statement->kind == STATEMENT_INSTRUCTION)
            done = confine_instruction(&r, statement);
        if (!done)
            status = SFI_REFUSED; // go on: say all at once
    }
    return status;
}
