// SPDX-License-Identifier: MIT
// An interface as read from NAME.idl, and what is written from it. docs/idl.md describes the
// language; its limits are those of the gate: 8 argument registers, and no more objects in one
// call than a continuation frame can record.
#pragma once

#include "source.h"

#include <stdint.h>
#include <stdio.h>

enum {
    INTERFACE_NAME_MAX = 23, // characters; struct domain_header has 24 bytes for a name
    INTERFACE_METHODS_MAX = 32,
    METHOD_ARGUMENTS_MAX = 8,
    METHOD_OBJECTS_MAX = 4, // arguments that are rref, borrow or handle
    METHOD_TIMEOUT_MAX_MS = 60000,
};

// Same values as the kinds in struct method_description.
enum type_kind { TYPE_INTEGER = 1, TYPE_RREF = 2, TYPE_BORROW = 3, TYPE_HANDLE = 4 };

struct type {
    const char *name;   // in the IDL
    const char *c_name; // in generated C
    enum type_kind kind;
    bool narrow; // shorter than a register: the server's entry cuts what arrives to its width
};

struct argument {
    char name[INTERFACE_NAME_MAX + 1];
    const struct type *type;
};

struct method {
    char name[INTERFACE_NAME_MAX + 1];
    struct position at;
    const char *documentation; // first `//`, or NULL
    unsigned documentation_lines;
    struct argument arguments[METHOD_ARGUMENTS_MAX];
    unsigned argument_count;
    const struct type *result; // NULL: value is always 0
    bool idempotent;           // the core may repeat it after a crash
    bool blocking;             // may wait without a limit
    unsigned timeout_ms;       // 0: the serving domain's own limit
};

struct interface {
    char name[INTERFACE_NAME_MAX + 1];
    unsigned number;
    unsigned version;
    const char *documentation;
    unsigned documentation_lines;
    struct method methods[INTERFACE_METHODS_MAX];
    unsigned method_count;
    uint64_t hash;
};

// Parses a loaded file, whose name must be that of the interface. Returns false after reporting
// if anything in it is refused.
bool interface_parse(struct interface *interface, struct source *source);

// 64-bit FNV-1a over the interface's canonical text: all that both sides of a call must agree on.
// Comments, blanks and argument names do not change it.
uint64_t interface_hash(const struct interface *interface);

// The type of that name, or NULL.
const struct type *type_find(const char *name, int length);
// Why a name that C programmers would write is no type, and what to write instead; never NULL.
const char *type_advice(const char *name, int length);

// Whether a C compiler or its headers claim this name.
bool name_is_reserved(const char *name);
// A name in capitals, for macros.
struct capitals {
    char text[INTERFACE_NAME_MAX + 1];
};
struct capitals name_in_capitals(const char *name);

// The generated files.
void emit_interface_header(FILE *file, const struct interface *interface);
void emit_client_header(FILE *file, const struct interface *interface);
void emit_server_header(FILE *file, const struct interface *interface);
void emit_server_source(FILE *file, const struct interface *interface);
void emit_call_descriptions(FILE *file, const struct interface *interface);
