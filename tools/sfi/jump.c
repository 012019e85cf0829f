// SPDX-License-Identifier: MIT
// Rule 6: jumps and calls.
#include <string.h>
#include "tools/sfi/rewriter.h"

// An indirect jump goes through s9, which comes of s10.
bool confine_indirect(struct rewriter *r, const struct statement *statement)
{
    const char *target = statement->operand_count ? statement->operands[0] : "";
    int link = statement->class == CLASS_JALR ? REG_RA : REG_ZERO;
    char *offset = "";
    int base;
    long number = 0;

    if (statement->class == CLASS_JALR && statement->operand_count > 1) {
        link = register_number(statement->operands[0]);
        target = statement->operands[1];
        if (statement->operand_count > 2)
            offset = statement->operands[2];
    }
    base = register_number(target);
    if (base == REG_NONE && !operand_memory(target, &offset, &base)) {
        statement_refuse(statement, "target not understood (jalr register)");
        return false;
    }
    if ((*offset && (!operand_number(offset, &number) || number != 0)) ||
        (link != REG_ZERO && link != REG_RA)) {
        statement_refuse(statement,
                         "only jumps without offset that link zero or ra can be confined "
                         "(add the offset first)");
        return false;
    }
    if (base != REG_RA && base != REG_S9) {
        if (base != REG_S10)
            guard_ensure(r, base);
        emit(r, "andi\ts9,s10,-4");
        base = REG_S9;
    }
    emit(r, "jalr\t%s,0(%s)", register_name(link), register_name(base));
    guard_forget_all(&r->guard);
    return true;
}

bool confine_direct(struct rewriter *r, const struct statement *statement)
{
    int link = statement->class == CLASS_JUMP ? REG_ZERO : REG_RA;
    int last = statement->operand_count - 1;
    if (last == 1)
        link = register_number(statement->operands[0]);
    if (last < 0 || last > 1 || (link != REG_ZERO && link != REG_RA)) {
        statement_refuse(statement, "only jumps that link zero or ra can be confined");
        return false;
    }
    char *symbol = statement->operands[last];
    char *suffix = strstr(symbol, "@plt");
    if (suffix)
        *suffix = 0;
    bool is_near = statement->name[0] == 'j' || !r->options->far_calls;
    if (is_near) {
        emit(r, "jal\t%s,%s", register_name(link), symbol);
    } else {
        emit(r, "lla\tt1,%s", symbol); // t1: as `call` and `tail` have it
        emit(r, "add.uw\ts10,t1,gp");
        emit(r, "andi\ts9,s10,-4");
        emit(r, "jalr\t%s,0(s9)", register_name(link));
    }
    guard_forget_all(&r->guard);
    return true;
}
