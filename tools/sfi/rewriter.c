// SPDX-License-Identifier: MIT
#include "tools/sfi/rewriter.h"

#include <stdarg.h>
#include <string.h>

void emit(struct rewriter *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputc('\t', r->out);
    vfprintf(r->out, format, arguments);
    fputc('\n', r->out);
    va_end(arguments);
}

void emit_statement(struct rewriter *r, const struct statement *statement)
{
    fprintf(r->out, "\t%s", statement->name);
    for (int i = 0; i < statement->operand_count; i++)
        fprintf(r->out, "%s%s", i ? "," : "\t", statement->operands[i]);
    fputc('\n', r->out);
}

void confine_destination(struct rewriter *r, int destination)
{
    if (destination == REG_RA) {
        emit(r, "add.uw\tra,ra,gp");
        emit(r, "andi\tra,ra,-4");
    } else if (destination == REG_SP) {
        emit(r, "add.uw\tsp,sp,gp");
    }
}

void guard_ensure(struct rewriter *r, int base)
{
    if (r->guard.near[base] && r->guard.distance[base] == 0)
        return;
    emit(r, "add.uw\ts10,%s,gp", register_name(base));
    guard_made(&r->guard, base);
}

int guard_make_of_symbol(struct rewriter *r, const char *symbol, int holder)
{
    int label = ++r->labels;
    fprintf(r->out, ".Lsfi%d:\n", label);
    emit(r, "auipc\ts10,%%pcrel_hi(%s)", symbol);
    guard_made_of_symbol(&r->guard, label, holder);
    return label;
}

// gcc's labels with a letter after .L mark places for the debugger; nothing jumps there.
bool begins_block(const struct rewriter *r, const struct statement *statement)
{
    const char *name = statement->name;
    if (statement->kind != STATEMENT_LABEL)
        return false;
    return !r->options->compiled || name[0] != '.' || name[1] != 'L' || name[2] < 'A' ||
           name[2] > 'Z';
}

bool one_of(const char *name, const char *names)
{
    size_t length = strlen(name);
    if (length == 0)
        return false;
    for (const char *found = names; (found = strstr(found, name)); found++) {
        if (found[-1] == ' ' && found[length] == ' ')
            return true;
    }
    return false;
}
