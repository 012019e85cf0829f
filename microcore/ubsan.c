// SPDX-License-Identifier: MIT
// DEBUG=1: undefined behaviour in the core is a panic. The compiler calls these by name, the first
// argument beginning with the place in the source (or a pointer deeper in, for one of them).
#include "microcore/panic.h"

struct source_place {
    const char *file;
    uint32_t line, column;
};

#define HANDLER(name, what)                                                                        \
    void __ubsan_handle_##name(const struct source_place *place);                                  \
    void __ubsan_handle_##name(const struct source_place *place)                                   \
    {                                                                                              \
        panic("%s:%u:%u: %s", place->file, place->line, place->column, what);                      \
    }

HANDLER(add_overflow, "signed addition overflows")
HANDLER(sub_overflow, "signed subtraction overflows")
HANDLER(mul_overflow, "signed multiplication overflows")
HANDLER(negate_overflow, "negation overflows")
HANDLER(divrem_overflow, "division by zero or overflow")
HANDLER(shift_out_of_bounds, "shift by too much, or of a negative number")
HANDLER(out_of_bounds, "index out of bounds")
HANDLER(type_mismatch_v1, "null, misaligned or too small object is accessed")
HANDLER(pointer_overflow, "pointer arithmetic overflows")
HANDLER(load_invalid_value, "bool or enum holds no value of its type")
HANDLER(vla_bound_not_positive, "array of no positive size")
HANDLER(invalid_builtin, "builtin called with an argument for which it has no result")
HANDLER(builtin_unreachable, "unreachable code is reached")
HANDLER(missing_return, "function ends without a value")
HANDLER(nonnull_arg, "null argument where none may be")
