// SPDX-License-Identifier: MIT
// The types of the language, the names that are none, and what names may not be used.
#include "interface.h"

#include <ctype.h>
#include <string.h>

static const struct type types[] = {
    {"u8", "uint8_t", TYPE_INTEGER, true},    {"u16", "uint16_t", TYPE_INTEGER, true},
    {"u32", "uint32_t", TYPE_INTEGER, true},  {"u64", "uint64_t", TYPE_INTEGER, false},
    {"i8", "int8_t", TYPE_INTEGER, true},     {"i16", "int16_t", TYPE_INTEGER, true},
    {"i32", "int32_t", TYPE_INTEGER, true},   {"i64", "int64_t", TYPE_INTEGER, false},
    {"bool", "bool", TYPE_INTEGER, true},     {"rref", "rref_t", TYPE_RREF, false},
    {"borrow", "rref_t", TYPE_BORROW, false}, {"handle", "handle_t", TYPE_HANDLE, true},
};

#define INTEGER_ADVICE                                                                             \
    "its width depends on the compiler or on C's headers, write u8 u16 u32 u64, i8 i16 i32 i64 "   \
    "or bool"
#define AGGREGATE_ADVICE                                                                           \
    "a call carries registers only, pass its fields as integers or put it into an RRef ('borrow "  \
    "name' or 'rref name')"
#define FLOAT_ADVICE "domains have no floating-point registers, pass a scaled integer such as i64"
#define STRING_ADVICE                                                                              \
    "a call carries registers only, put the text into an RRef ('borrow name') and pass its "       \
    "length "                                                                                      \
    "as u32"

static const struct {
    const char *name;
    const char *advice;
} refused[] = {
    {"struct", AGGREGATE_ADVICE},
    {"union", AGGREGATE_ADVICE},
    {"enum", "its width depends on the compiler, write u32"},
    {"float", FLOAT_ADVICE},
    {"double", FLOAT_ADVICE},
    {"f32", FLOAT_ADVICE},
    {"f64", FLOAT_ADVICE},
    {"string", STRING_ADVICE},
    {"char", STRING_ADVICE},
    {"void", "it carries nothing, leave it out: 'name();' has neither argument nor result"},
    {"const", "all arguments are values, leave it out"},
    {"int", INTEGER_ADVICE},
    {"unsigned", INTEGER_ADVICE},
    {"signed", INTEGER_ADVICE},
    {"short", INTEGER_ADVICE},
    {"long", INTEGER_ADVICE},
    {"size_t", "its width depends on the compiler, write u64"},
    {"handle_t", "that is its name in C, write handle"},
    {"rref_t", "that is its name in C, write rref or borrow"},
    {"uint8_t", "that is its name in C, write u8"},
    {"uint16_t", "that is its name in C, write u16"},
    {"uint32_t", "that is its name in C, write u32"},
    {"uint64_t", "that is its name in C, write u64"},
    {"int8_t", "that is its name in C, write i8"},
    {"int16_t", "that is its name in C, write i16"},
    {"int32_t", "that is its name in C, write i32"},
    {"int64_t", "that is its name in C, write i64"},
};

// Keywords of C, names that the C library defines as macros, and a name in the stubs.
static const char *const reserved[] = {
    "alignas",       "alignof",  "asm",      "assert",        "auto",     "bool",     "break",
    "case",          "char",     "const",    "constexpr",     "continue", "default",  "do",
    "double",        "else",     "enum",     "errno",         "extern",   "false",    "float",
    "for",           "goto",     "if",       "inline",        "int",      "linux",    "long",
    "nullptr",       "offsetof", "register", "restrict",      "return",   "setjmp",   "short",
    "signed",        "sizeof",   "static",   "static_assert", "stderr",   "stdin",    "stdout",
    "still_lent",    "struct",   "switch",   "thread_local",  "true",     "typedef",  "typeof",
    "typeof_unqual", "union",    "unix",     "unsigned",      "void",     "volatile", "while",
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static bool same(const char *name, const char *text, int length)
{
    return strlen(name) == (size_t)length && memcmp(name, text, (size_t)length) == 0;
}

const struct type *type_find(const char *name, int length)
{
    for (size_t i = 0; i < LENGTH(types); i++)
        if (same(types[i].name, name, length))
            return &types[i];
    return NULL;
}

const char *type_advice(const char *name, int length)
{
    for (size_t i = 0; i < LENGTH(refused); i++)
        if (same(refused[i].name, name, length))
            return refused[i].advice;
    return "no such type is known, write one of u8 u16 u32 u64 i8 i16 i32 i64 bool rref borrow "
           "handle";
}

bool name_is_reserved(const char *name)
{
    for (size_t i = 0; i < LENGTH(reserved); i++)
        if (strcmp(reserved[i], name) == 0)
            return true;
    return false;
}

struct capitals name_in_capitals(const char *name)
{
    struct capitals capitals = {""};
    for (size_t i = 0; name[i] && i < sizeof(capitals.text) - 1; i++)
        capitals.text[i] = (char)toupper((unsigned char)name[i]);
    return capitals;
}
