// SPDX-License-Identifier: MIT
// Sections: where instructions may stand, and that nothing else stands among them.
#include <string.h>
#include "tools/sfi/rewriter.h"

static bool section_is_text(const struct statement *statement)
{
    const char *flags = statement->operand_count > 1 ? statement->operands[1] : "";
    return strchr(flags, '"') ? strchr(flags, 'x') != NULL
                              : strncmp(statement->arguments, ".text", 5) == 0;
}

static void section_enter(struct rewriter *r, bool is_text)
{
    r->before_text = r->in_text;
    r->in_text = is_text;
}

static bool section_change(struct rewriter *r, const struct statement *statement)
{
    const char *name = statement->name;
    if (strcmp(name, ".text") == 0) {
        section_enter(r, true);
    } else if (one_of(name, " .data .bss .rodata .sdata .sbss ")) {
        section_enter(r, false);
    } else if (strcmp(name, ".section") == 0) {
        section_enter(r, section_is_text(statement));
    } else if (strcmp(name, ".previous") == 0) {
        section_enter(r, r->before_text);
    } else if (strcmp(name, ".pushsection") == 0 && r->pushed < 16) {
        r->pushed_text[r->pushed++] = r->in_text;
        section_enter(r, section_is_text(statement));
    } else if (strcmp(name, ".popsection") == 0 && r->pushed > 0) {
        section_enter(r, r->pushed_text[--r->pushed]);
    } else {
        return false;
    }
    return true;
}

bool confine_directive(struct rewriter *r, const struct statement *statement)
{
    static const char data[] = " .byte .2byte .4byte .8byte .half .short .word .long .int .dword "
                               ".quad .octa .ascii .asciz .string .zero .space .skip .fill .float "
                               ".double .incbin .org .dtprelword .dtpreldword ";
    const char *name = statement->name;

    if (r->in_text && one_of(name, data)) {
        statement_refuse(statement, "%s: data among the instructions (move it to .rodata)", name);
        return false;
    }
    if (strncmp(name, ".cfi_", 5) == 0 && !r->line_tables)
        return true;
    if (strcmp(name, ".option") == 0) {
        if (!one_of(statement->arguments, " push pop norelax norvc "))
            return true;
    } else if (section_change(r, statement) || one_of(name, " .if .else .elseif .endif .ifdef ")) {
        guard_forget_all(&r->guard);
    }
    fprintf(r->out, "\t%s\t%s\n", name, statement->arguments);
    return true;
}
