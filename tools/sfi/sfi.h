// SPDX-License-Identifier: MIT
// The rewriter: turns assembly that a compiler or a person wrote into assembly that keeps to the
// slot, by putting guards in front of memory accesses and jumps. It is not trusted: what it makes
// is judged by kernel/verify.c. What it cannot confine it refuses.
//
// A file is read whole into statements; three passes go over them: where the compiler used ra for
// data it gets another register (link_register.c), stack frames that it does not use are dropped
// (stack_frame.c), then every statement is written out confined.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    REG_NONE = -1,
    REG_ZERO = 0,
    REG_RA = 1,
    REG_SP = 2,
    REG_GP = 3,
    REG_TP = 4,
    REG_S9 = 25,
    REG_S10 = 26,
    REG_T6 = 31,
};

// What matters about an instruction; says which operands it has.
enum instruction_class {
    CLASS_COMPUTE, // rd, ...
    CLASS_MOVE,    // rd, rs
    CLASS_ADDI,    // rd, rs, immediate
    CLASS_LI,      // rd, immediate (several instructions)
    CLASS_ADDRESS, // rd, symbol (la, lla)
    CLASS_AUIPC,   // rd, immediate
    CLASS_LOAD,    // rd, offset(rs) or rd, symbol
    CLASS_STORE,   // rs2, offset(rs1) or rs2, symbol, rt
    CLASS_ATOMIC,  // rd, [rs2,] (rs1)
    CLASS_BRANCH,  // [rs1, [rs2,]] label
    CLASS_JUMP,    // label (j, tail)
    CLASS_CALL,    // symbol (call, jal label)
    CLASS_JAL,     // [rd,] label
    CLASS_JALR,    // [rd,] rs, or with an offset
    CLASS_JR,      // rs
    CLASS_RET,
    CLASS_PLAIN, // neither reads memory nor writes a register
};

#define OPERANDS_MAX 6

enum statement_kind {
    STATEMENT_LABEL,
    STATEMENT_DIRECTIVE,
    STATEMENT_INSTRUCTION,
    STATEMENT_DROPPED, // not written out
};

struct statement {
    enum statement_kind kind;
    enum instruction_class class;
    char *name;      // label without colon, directive with its dot, mnemonic
    char *arguments; // what follows the name, as written
    char *operands[OPERANDS_MAX];
    int operand_count;
    const char *file; // where a person finds it
    int line;
};

struct program {
    const char *path;
    struct statement *statements;
    size_t count;
    char **weak; // symbols that may be undefined: their address may be 0, outside the slot
    size_t weak_count;
};

struct sfi_options {
    bool stores_only; // leave loads alone (to measure what they cost)
    bool compiled;    // gcc wrote it: .cfi_restore tells which loads of ra bring back the link
    bool move_data; // give t6 to what gcc keeps in ra between calls (it was told to leave t6 free)
    bool far_calls; // calls and tail calls beyond 1 MiB, at four more instructions each
};

enum sfi_status {
    SFI_OK,
    SFI_REFUSED,      // said on stderr
    SFI_DATA_IN_LINK, // gcc keeps data in ra: compile again with -ffixed-t6, then move_data
};

// Confines the assembly of `path` into the stream `out`.
enum sfi_status sfi_confine(const char *path, FILE *out, const struct sfi_options *options);

// statement.c
// Reads a file of assembly. Exits with a message if it cannot be read or memory is short.
struct program program_read(const char *path);
bool program_is_weak(const struct program *program, const char *symbol);
// Prints `file:line: what, why` on stderr.
void statement_refuse(const struct statement *statement, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// A memory operand: `offset(register)`; *offset is allocated. False if it is none.
bool operand_memory(const char *operand, char **offset, int *base);
// A plain decimal or hexadecimal number.
bool operand_number(const char *operand, long *value);
// Register by name (ABI name, xN, fp), or REG_NONE.
int register_number(const char *name);
const char *register_name(int number);

// mnemonic.c: the class of an instruction that domains may use; false for any other name.
bool mnemonic_class(const char *name, enum instruction_class *class);

// link_register.c
// Finds values other than return addresses in ra and moves them to t6 if the options say so.
enum sfi_status link_register_free(struct program *program, const struct sfi_options *options);
// Register that a statement writes, links included; REG_NONE if none.
int statement_destination(const struct statement *statement);
// Whether a register is among its operands.
bool statement_mentions(const struct statement *statement, int number);

// stack_frame.c: of functions that a compiler wrote.
void stack_frames_drop(struct program *program, const struct sfi_options *options);
