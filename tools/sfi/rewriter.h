// SPDX-License-Identifier: MIT
// The rewriter at work: the state of one pass over a program, and the parts that confine.c shares
// the statements out to. All write to `out`; those that return false have refused the statement.
#pragma once
#include "tools/sfi/guard.h"
#include "tools/sfi/sfi.h"

struct rewriter {
    const struct program *program;
    const struct sfi_options *options;
    FILE *out;
    struct guard guard;
    size_t index;     // of the statement in hand
    bool in_text;     // the section in hand is executable
    bool before_text; // what .previous brings back
    bool pushed_text[16];
    int pushed;
    bool line_tables; // compiled with -g: unwind tables go to .debug_frame
    int labels;       // .Lsfi<n> given out
};

// rewriter.c
// One line of assembly.
void emit(struct rewriter *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void emit_statement(struct rewriter *r, const struct statement *statement);
// Rules 7 and 8: what must follow a write to ra or sp at once.
void confine_destination(struct rewriter *r, int destination);
// Makes s10 point where register `base` points, unless it does already.
void guard_ensure(struct rewriter *r, int base);
// auipc s10 with the upper part of a symbol's address; the lower goes into the access itself. The
// register `holder` holds that address, or REG_NONE. Returns N of the label .Lsfi<N>.
int guard_make_of_symbol(struct rewriter *r, const char *symbol, int holder);
// Whether a statement is a label that something may jump to.
bool begins_block(const struct rewriter *r, const struct statement *statement);
// Whether `name` is one of `names`, each of which has a space on both sides.
bool one_of(const char *name, const char *names);

// access.c
bool confine_access(struct rewriter *r, const struct statement *statement);
bool confine_atomic(struct rewriter *r, const struct statement *statement);
bool confine_address(struct rewriter *r, const struct statement *statement);

// jump.c
bool confine_indirect(struct rewriter *r, const struct statement *statement);
bool confine_direct(struct rewriter *r, const struct statement *statement);

// directive.c
bool confine_directive(struct rewriter *r, const struct statement *statement);
